#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/training/weights.h"
#include "core/error.h"
#include "core/io/array_io.h"
#include "layers/dense.h"
#include "layers/multi_head_attention.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::drawn;

namespace {

/// A folder of its own that goes away with the object.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("headlight-weight-files-" + std::to_string(getpid()) + "-" + std::to_string(sizeof(Real)))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// "layers.0.attention", below the module that holds it.
struct Layers : Module {
  struct Block : Module {
    explicit Block(Init& init) {
      child<MultiHeadAttention>("attention", MultiHeadAttentionOptions{.d_model = 4, .heads = 2}, init);
    }
  };
  explicit Layers(Init& init) { child<Block>("0", init); }
};

/// An attention layer and a head, with drawn weights.
struct Small : Module {
  explicit Small(std::uint64_t seed) {
    Init init(seed);
    child<Layers>("layers", init);
    child<Dense>("head", DenseOptions{.in = 4, .out = 3}, init);
    for (const NamedParameter& parameter : parameters()) {
      parameter.tensor.assign(drawn(parameter.tensor.shape(), -1, 1, ++seed));
    }
  }
};

bool same_weights(const Module& a, const Module& b) {
  const auto left = a.parameters();
  const auto right = b.parameters();
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const NamedParameter& x, const NamedParameter& y) {
                      return x.name == y.name && same_bytes(x.tensor.value(), y.tensor.value());
                    });
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

std::string fault(const std::filesystem::path& path, const Module& module, const LoadOptions& options = {}) {
  try {
    load_weights(path, module, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Weights written in any format load again, and are then written as the same bytes") {
  const Folder folder;
  for (const WeightFormat format :
       {WeightFormat::headlight, WeightFormat::torch, WeightFormat::gpt2, WeightFormat::gpt2_linear}) {
    INFO(format_name(format));
    const Small first(1);
    const Small second(100);
    REQUIRE_FALSE(same_weights(first, second));
    export_weights(folder / "a", first, {.format = format, .metadata = {{"step", "7"}}});
    load_weights(folder / "a", second);
    CHECK(same_weights(first, second));
    export_weights(folder / "b", second, {.format = format, .metadata = {{"step", "7"}}});
    CHECK(bytes_of(folder / "a") == bytes_of(folder / "b"));
  }
}

TEST_CASE("save_weights writes our own names") {
  const Folder folder;
  const Small module(1);
  save_weights(folder / "a", module, {{"k", "v"}});
  export_weights(folder / "b", module, {.metadata = {{"k", "v"}}});
  CHECK(bytes_of(folder / "a") == bytes_of(folder / "b"));
  CHECK(SafetensorsFile(folder / "a").find("layers.0.attention.query.weight") != nullptr);
}

TEST_CASE("An error lists every missing, unknown and misshapen tensor, under the file's names") {
  const Folder folder;
  const Array packed = zeros({12, 5});
  const Array bias = zeros({12});
  const Array head = zeros({3, 4});
  write_safetensors(folder / "torch", {tensor_view("layers.0.self_attn.in_proj_weight", packed),
                                       tensor_view("layers.0.self_attn.in_proj_bias", bias),
                                       tensor_view("head.weight", head), tensor_view("extra", bias)});
  const Small module(1);
  const Small before(1);
  const std::string text = fault(folder / "torch", module);
  CHECK_THAT(text, Catch::Contains("`layers.0.self_attn.in_proj_weight` is (12, 5) in the file, (12, 4) in the model"));
  CHECK_THAT(text, Catch::Contains("`layers.0.self_attn.out_proj.weight` (4, 4) is missing"));
  CHECK_THAT(text, Catch::Contains("`layers.0.self_attn.out_proj.bias` (4) is missing"));
  CHECK_THAT(text, Catch::Contains("`head.bias` (3) is missing"));
  CHECK_THAT(text, Catch::Contains("`extra` (12) is unknown to the model"));
  CHECK_THAT(text, !Catch::Contains("in_proj_bias"));
  CHECK(same_weights(module, before));
}

TEST_CASE("Tensors are renamed one by one, by their beginning, or left out") {
  const Folder folder;
  const Small first(1);
  export_weights(folder / "a", first,
                 {.format = WeightFormat::torch,
                  .rename = {{"module.", ""}, {"classifier.weight", "head.weight"}, {"classifier.bias", "head.bias"}}});
  const SafetensorsFile file(folder / "a");
  CHECK(file.find("module.layers.0.self_attn.in_proj_weight") != nullptr);
  CHECK(file.find("classifier.weight") != nullptr);
  CHECK(file.tensors().size() == 6);
  // A stack is found whatever stands in front of it; renaming says the same.
  const Small second(100);
  const Renames head{{"classifier.weight", "head.weight"}, {"classifier.bias", "head.bias"}};
  load_weights(folder / "a", second, {.rename = head});
  CHECK(same_weights(first, second));
  for (const NamedParameter& parameter : second.parameters()) parameter.tensor.assign(zeros(parameter.tensor.shape()));
  Renames all = head;
  all.emplace("module.", "");
  load_weights(folder / "a", second, {.rename = all});
  CHECK(same_weights(first, second));

  const Array pe = zeros({7});
  std::vector<TensorView> views{tensor_view("positional_encoding.pe", pe)};
  for (const NamedParameter& parameter : first.parameters()) {
    views.push_back(tensor_view(parameter.name, parameter.tensor.value()));
  }
  write_safetensors(folder / "b", views);
  CHECK_THAT(fault(folder / "b", second), Catch::Contains("`positional_encoding.pe` (7) is unknown"));
  CHECK(fault(folder / "b", second, {.rename = {{"positional_encoding.pe", ""}}}).empty());
}

TEST_CASE("Renames that rename nothing, or two to one, are refused") {
  const Folder folder;
  const Small module(1);
  save_weights(folder / "a", module, {});
  const auto with = [&](const Renames& rename) { return fault(folder / "a", module, {.rename = rename}); };
  CHECK_THAT(with({{"x", "no.such"}}), Catch::Contains("the model has no parameter `no.such`"));
  CHECK_THAT(with({{"x", "head.bias"}, {"y", "head.bias"}}), Catch::Contains("two tensors are given for `head.bias`"));
  CHECK_THAT(with({{"x.", "y."}}), Catch::Contains("no tensor of the file begins with `x.`"));
  CHECK_THAT(with({{"x", ""}}), Catch::Contains("there is no tensor `x`"));
  CHECK_THAT(with({{"head.", "layers.0.attention.query."}}),
             Catch::Contains("two tensors are called `layers.0.attention.query.bias`"));
  CHECK_THROWS_AS(export_weights(folder / "c", module, {.rename = {{"head.weight", "head.bias"}}}), ConfigError);
}

TEST_CASE("A tensor that serves two parameters of different shapes is refused") {
  // (3, 4) of the head for the (4, 4) of the query too: reading it as that would run past its end.
  const Folder folder;
  const Small module(1);
  save_weights(folder / "a", module, {});
  const Renames rename{{"head.weight", "layers.0.attention.query.weight"}, {"layers.0.attention.query.weight", ""}};
  CHECK_THAT(fault(folder / "a", module, {.rename = rename}),
             Catch::Contains(
                 "model.load.rename: parameters of different shapes are given one tensor; `head.weight` for "
                 "`layers.0.attention.query.weight` (4, 4) and `head.weight` (3, 4); rename one of them"));
  // Written, it is the export that is at fault.
  const auto exported = [&](const Renames& names) {
    try {
      export_weights(folder / "c", module, {.rename = names});
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(exported({{"head.weight", "layers.0.attention.query.weight"}}),
             Catch::StartsWith("export: parameters of different shapes are given one tensor; `head.weight` for "
                               "`layers.0.attention.query.weight` (4, 4) and `head.weight` (3, 4)"));
  CHECK_THAT(exported({{"x", "no.such"}}), Catch::StartsWith("export: the model has no parameter `no.such`"));
}

TEST_CASE("Weights of another format of ours are refused, with both versions") {
  const Folder folder;
  const Small module(1);
  save_weights(folder / "a", module, {{"headlight.format", "2"}});
  CHECK(fault(folder / "a", module) == (folder / "a").string() +
                                           ": its format is not the one of this program; headlight.format `2`, this "
                                           "program reads 1; use the Headlight that wrote it, or a newer one");
  save_weights(folder / "a", module, {{"headlight.format", "1"}});
  CHECK(fault(folder / "a", module).empty());
}

TEST_CASE("Names of ours that look like PyTorch's are read as ours") {
  struct Odd : Module {
    explicit Odd(std::uint64_t seed) {
      Init init(seed);
      child<Dense>("out_proj", 3, 2, init);
      child<MultiHeadAttention>("attention", MultiHeadAttentionOptions{.d_model = 4, .heads = 2}, init);
    }
  };
  const Folder folder;
  const Odd first(1);
  const Odd second(2);
  save_weights(folder / "a", first, {});
  load_weights(folder / "a", second);
  CHECK(same_weights(first, second));
}

TEST_CASE("A tied model takes a file with a head only when it equals the embedding") {
  struct Tied : Module {
    explicit Tied(std::uint64_t seed) {
      Init init(seed);
      child<Dense>("embedding", DenseOptions{.in = 4, .out = 3, .bias = false}, init);
      child<MultiHeadAttention>("attention", MultiHeadAttentionOptions{.d_model = 4, .heads = 2}, init);
    }
  };
  const Folder folder;
  const Tied module(1);
  export_weights(folder / "a", module, {.format = WeightFormat::torch});
  std::vector<NamedArray> arrays = read_arrays(folder / "a");
  const auto write_with_head = [&](const Array& head) {
    std::vector<TensorView> views{tensor_view("head.weight", head)};
    for (const NamedArray& array : arrays) views.push_back(tensor_view(array.name, array.value));
    write_safetensors(folder / "b", views);
  };
  write_with_head(module.parameters().front().tensor.value());
  CHECK(fault(folder / "b", module).empty());
  write_with_head(zeros({3, 4}));
  CHECK_THAT(fault(folder / "b", module), Catch::Contains("the head differs from the embedding"));
  write_with_head(zeros({2, 4}));
  CHECK_THAT(fault(folder / "b", module), Catch::Contains("the head differs from the embedding"));
}
