// Whole models, feature by feature; features.tsv is the list.
#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/check/check.h"
#include "apps/check/model_subject.h"
#include "apps/training/weights.h"
#include "core/io/array_io.h"
#include "layers/models/generate.h"
#include "layers/summary.h"
#include "tests/layers/model_runs.h"
#include "tests/rows/configs.h"
#include "tests/rows/rows.h"

using namespace headlight;
using namespace headlight::rows;
using namespace headlight::layer_test;

namespace {

const Positions kPositions[] = {Positions::sinusoidal, Positions::learned, Positions::rope, Positions::alibi,
                                Positions::relative};

ModelOptions with(Positions positions, Architecture arch = Architecture::encoder) {
  ModelOptions options = small_model();
  options.arch = arch;
  options.positions = positions;
  options.max_len = 12;
  return options;
}

Array logits(const ModelOptions& options, const Tokens& ids, std::size_t offset = 0) {
  Init init(1);
  Model model(options, init);
  draw(model);
  const NoGrad guard;
  return model(ids, {.offset = offset}).value();
}

std::size_t count_containing(const Module& module, const std::string& part) {
  std::size_t count = 0;
  for (const NamedParameter& parameter : module.parameters()) {
    if (parameter.name.find(part) != std::string::npos) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("row 18: one option chooses the positions, and with each of them order matters") {
  const Tokens ids = tokens({1, 4}, {1, 2, 3, 4}), swapped = tokens({1, 4}, {2, 1, 3, 4});
  const auto sees_order = [&](Positions positions) {
    const Array one = logits(with(positions), ids), two = logits(with(positions), swapped);
    const Array back = by_index(two.shape(), [&](const Index& i) {
      return at(two, {0, Index{1, 0, 2, 3}[i[1]], i[2]});
    });
    return !difference(one, back, 1e-3, 1e-3).empty();
  };
  CHECK_FALSE(sees_order(Positions::none));
  for (const Positions positions : kPositions) {
    CAPTURE(static_cast<int>(positions));
    CHECK(sees_order(positions));
    // Absolute positions know where a sequence begins, relative ones do not.
    const Array shifted = logits(with(positions), ids, 5);
    const bool same = difference(logits(with(positions), ids), shifted, 100 * kRounding, 100 * kRounding).empty();
    CHECK(same == (positions != Positions::sinusoidal && positions != Positions::learned));
  }
}

TEST_CASE("row 19: generation with a cache gives the tokens of whole forward passes, with all positions") {
  for (const Positions positions : kPositions) {
    CAPTURE(static_cast<int>(positions));
    Init init(1);
    Model model(with(positions, Architecture::decoder), init);
    draw(model);
    const Prompts prompts = {{0, 1, 2}, {3}};
    const auto cached = generate(model, prompts, {.max_new_tokens = 6});
    const auto whole = generate(model, prompts, {.max_new_tokens = 6, .cache = false});
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      CHECK(cached[i].tokens.size() == 6);
      CHECK(cached[i].tokens == whole[i].tokens);
      CHECK(cached[i].log_probability == Approx(whole[i].log_probability).epsilon(1e-5));
    }
  }
}

TEST_CASE("row 24: a model of attention alone has no feed-forward layers and learns") {
  ModelOptions options = small_model();
  options.attention_only = true;
  Init init(1);
  Model model(options, init);
  CHECK(count_containing(model, "feed_forward") == 0);
  CHECK(count_containing(model, "attention.query.weight") == 2);
  const auto loss = [&] { return run_model(model, some_ids(), some_targets(), {}).loss.data()[0]; };
  const Real before = loss();
  for (int step = 0; step < 100; ++step) {
    loss();
    for (const NamedParameter& p : model.parameters()) {
      Array value = p.tensor.value();
      for (std::size_t i = 0; i < value.size(); ++i)
        value.data()[i] -= static_cast<Real>(0.1) * p.tensor.grad().data()[i];
      p.tensor.assign(value);
    }
  }
  CHECK(loss() < before / 2);
}

TEST_CASE("row 25: as many layers as the config says, each with first weights of its own") {
  const testing::Parts parts(tiny_config({"model.layers=5"}));
  CHECK(count_containing(*parts.model, "attention.query.weight") == 5);
  for (int layer = 1; layer < 5; ++layer) {
    const std::string name = ".attention.query.weight";
    CHECK_FALSE(same_bytes(parameter_named(*parts.model, "layers.0" + name).value(),
                           parameter_named(*parts.model, "layers." + std::to_string(layer) + name).value()));
  }
}

TEST_CASE("row 27: tied embeddings are one parameter, whose gradient is the sum over both uses") {
  ModelOptions options = small_model();
  Init one(1), two(1);
  Model untied(options, one);
  options.tie_embeddings = true;
  Model tied(options, two);
  CHECK(has_parameter(untied, "head.weight"));
  CHECK_FALSE(has_parameter(tied, "head.weight"));
  for (const NamedParameter& p : tied.parameters()) p.tensor.assign(drawn(p.tensor.shape(), -0.8, 0.8, p.name.size()));
  for (const NamedParameter& p : untied.parameters()) {
    p.tensor.assign(parameter_named(tied, p.name == "head.weight" ? "embedding.weight" : p.name).value());
  }
  const ModelRun a = run_model(tied, some_ids(), some_targets(), {});
  const ModelRun b = run_model(untied, some_ids(), some_targets(), {});
  CHECK(same_bytes(a.logits, b.logits));
  const Array& first = parameter_named(untied, "embedding.weight").grad();
  const Array& second = parameter_named(untied, "head.weight").grad();
  const Array total = by_index(first.shape(), [&](const Index& i) { return at(first, i) + at(second, i); });
  CHECK(difference(parameter_named(tied, "embedding.weight").grad(), total, kRounding, kRounding) == "");
}

TEST_CASE("row 54: the summary has each parameter with shape, count and first values, and the total") {
  Init init(1);
  const Dense layer(3, 2, init);
  const std::string text = summary(layer);
  CHECK(parameter_count(layer) == 8);
  CHECK_THAT(text, Catch::Contains("weight") && Catch::Contains("(2, 3)") && Catch::Contains("xavier_uniform") &&
                       Catch::Contains("bias"));
  const std::string last = text.substr(text.find_last_of('\n', text.size() - 2) + 1);
  CHECK_THAT(last, Catch::Contains("8"));
}

TEST_CASE("row 55: weights are written as safetensors that any reader parses, and read back to the byte") {
  const TemporaryDirectory place;
  Init one(1), two(2);
  Model model(small_model(), one), other(small_model(), two);
  draw(model);
  save_weights(place / "model.safetensors", model, {});
  // The container by its description alone: length, JSON header, data.
  const std::string bytes = slurp(place / "model.safetensors");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  const nlohmann::json header = nlohmann::json::parse(bytes.substr(8, length));
  for (const NamedParameter& p : model.parameters()) {
    const nlohmann::json& entry = header.at(p.name);
    CHECK(entry.at("dtype") == (sizeof(Real) == 8 ? "F64" : "F32"));
    CHECK(entry.at("shape").size() == p.tensor.rank());
    const std::size_t begin = 8 + length + entry.at("data_offsets").at(0).get<std::size_t>();
    CHECK(std::memcmp(bytes.data() + begin, p.tensor.value().data(), p.tensor.size() * sizeof(Real)) == 0);
  }
  load_weights(place / "model.safetensors", other);
  for (const NamedParameter& p : model.parameters()) {
    CHECK(same_bytes(p.tensor.value(), parameter_named(other, p.name).value()));
  }
  write_npy(place / "a.npy", array({2, 2}, {1, 2, 3, 4}));
  CHECK(slurp(place / "a.npy").substr(1, 5) == "NUMPY");
  CHECK(same_bytes(read_npy(place / "a.npy"), array({2, 2}, {1, 2, 3, 4})));
}

TEST_CASE("row N5: a user's registered layer and a configured model are checked by one call") {
  const nlohmann::json layer{{"type", "gated_residual"}, {"dim", 8}};
  const CheckReport user = check_subject(registered_subject(layer, {.max_length = 6}));
  INFO(to_string(user));
  CHECK(user.passed());
  const CheckReport model = check_subject(model_subject(tiny_config()));
  INFO(to_string(model));
  CHECK(model.passed());
  for (const char* row : {"shapes", "leak: causal", "padding", "save and load"}) {
    CHECK(user.row(row).verdict == Verdict::passed);
  }
}
