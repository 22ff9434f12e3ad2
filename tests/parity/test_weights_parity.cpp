// State dicts of PyTorch and GPT-2 load by name and give the results that PyTorch gave; written back they are the same.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/training/weights.h"
#include "core/io/array_io.h"
#include "layers/activation.h"
#include "tests/common/arrays.h"
#include "tests/parity/fixture.h"
#include "tests/parity/stacks.h"

using namespace headlight;
using namespace headlight::parity;
using headlight::testing::difference;

namespace {

std::filesystem::path weights_file(const std::string& name) {
  return HEADLIGHT_SOURCE_DIR "/tests/reference/weights/" + name + ".safetensors";
}

/// A file of its own that goes away with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("headlight-weights-" + std::to_string(getpid()) + "-" + std::to_string(sizeof(Real)) + name)) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void check_output(const Tensor& output, const Fixture& run) {
  CHECK(difference(output.value(), run.array("output"), kRtol, kAtol) == "");
}

/// Writes the module in `format` and compares every tensor with the file that it came from. `but` are tensors of that
/// file that hold no parameters of ours. Values are floats there, so that they are the same bytes in either precision.
void check_written_back(const Module& module, const std::string& name, const ExportOptions& options,
                        const std::vector<std::string>& but = {}) {
  const TemporaryFile written(name);
  export_weights(written.path(), module, options);
  const std::vector<NamedArray> ours = read_arrays(written.path());
  std::vector<NamedArray> theirs = read_arrays(weights_file(name));
  std::erase_if(theirs, [&](const NamedArray& tensor) { return std::ranges::find(but, tensor.name) != but.end(); });
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    INFO(ours[i].name);
    CHECK(ours[i].name == theirs[i].name);
    CHECK(same_bytes(ours[i].value, theirs[i].value));
  }
}

std::size_t size(const nlohmann::json& model, const char* key) { return model.at(key).get<std::size_t>(); }

StackOptions stack_options(const nlohmann::json& model) {
  return {.d_model = size(model, "d_model"),
          .heads = size(model, "heads"),
          .d_ff = size(model, "d_ff"),
          .layers = model.value("layers", std::size_t{1}),
          .pre_norm = model.value("norm", "pre") == "pre",
          .activation = activation_of(model.value("activation", "gelu"))};
}

}  // namespace

TEST_CASE("A state dict around nn.TransformerEncoder loads without renaming") {
  for (const std::string norm : {"pre", "post"}) {
    INFO(norm);
    const Fixture run("weights/encoder_" + norm + "_run");
    const nlohmann::json model = run.json("model");
    StackOptions options = stack_options(model);
    options.vocabulary = size(model, "vocabulary");
    options.final_norm = options.pre_norm;
    Init init(1);
    StackModel ours(options, {.in = options.d_model, .out = options.vocabulary}, false, init);
    load_weights(weights_file("encoder_" + norm), ours);
    check_output(ours.logits(run.tokens("input.tokens"), {}), run);
    check_written_back(ours, "encoder_" + norm,
                       {.format = WeightFormat::torch,
                        .rename = {{"encoder.layers.", "layers."}, {"encoder.norm.", "norm."}}});
  }
}

TEST_CASE("A state dict of nn.TransformerDecoder loads, pre and post norm, self and cross attention") {
  for (const std::string norm : {"pre", "post"}) {
    INFO(norm);
    const Fixture run("weights/decoder_" + norm + "_run");
    StackOptions options = stack_options(run.json("model"));
    options.cross = true;
    Init init(1);
    Stack ours(options, init);
    load_weights(weights_file("decoder_" + norm), ours);
    const Tensor memory(run.array("input.memory"));
    check_output(ours(Tensor(run.array("input.x")), {.mask = Mask::causal(), .memory = &memory}), run);
    check_written_back(ours, "decoder_" + norm, {.format = WeightFormat::torch});
  }
}

TEST_CASE("A state dict around nn.Transformer loads; only the embeddings, which users name, are renamed") {
  for (const std::string norm : {"pre", "post"}) {
    INFO(norm);
    const Fixture run("weights/transformer_" + norm + "_run");
    const nlohmann::json model = run.json("model");
    StackOptions encoder = stack_options(model);
    encoder.activation = Activation::relu;
    StackOptions decoder = encoder;
    encoder.vocabulary = size(model, "source");
    encoder.layers = size(model, "encoder_layers");
    decoder.vocabulary = size(model, "target");
    decoder.layers = size(model, "decoder_layers");
    decoder.cross = true;
    Init init(1);
    Translator ours(encoder, decoder, decoder.vocabulary, init);
    const Renames names{{"source.weight", "encoder.embedding.weight"}, {"target.weight", "decoder.embedding.weight"}};
    load_weights(weights_file("transformer_" + norm), ours, {.rename = names});
    check_output(ours(run.tokens("input.source"), run.tokens("input.target")), run);
    Renames backwards = names;
    backwards.insert({{"transformer.encoder.", "encoder."}, {"transformer.decoder.", "decoder."}});
    check_written_back(ours, "transformer_" + norm, {.format = WeightFormat::torch, .rename = backwards});
  }
}

TEST_CASE("A state dict of nn.MultiheadAttention loads, packed and with widths of its own, with and without bias") {
  for (const std::string kind : {"packed", "packed_no_bias", "separate", "separate_no_bias"}) {
    INFO(kind);
    const Fixture run("weights/attention_" + kind + "_run");
    const nlohmann::json model = run.json("model");
    Init init(1);
    MultiHeadAttention ours({.d_model = size(model, "d_model"),
                             .heads = size(model, "heads"),
                             .key_width = size(model, "key_width"),
                             .value_width = size(model, "value_width"),
                             .bias = model.at("bias")},
                            init);
    load_weights(weights_file("attention_" + kind), ours);
    const AttentionOutput result = ours.attend(Tensor(run.array("input.query")), Tensor(run.array("input.key")),
                                               Tensor(run.array("input.value")), {}, {});
    check_output(result.output, run);
    CHECK(difference(result.weights.value(), run.array("attention_weights"), kRtol, kAtol) == "");
    check_written_back(ours, "attention_" + kind, {.format = WeightFormat::torch});
  }
}

TEST_CASE("GPT-2's weights load under their names: turned, packed, tied, beside masks that are no weights") {
  const Fixture run("weights/gpt2_run");
  const nlohmann::json model = run.json("model");
  StackOptions options = stack_options(model);
  options.vocabulary = size(model, "vocabulary");
  options.positions = size(model, "max_len");
  options.activation = Activation::gelu_tanh;
  const DenseOptions head{.in = options.d_model, .out = options.vocabulary, .bias = false};
  const std::vector<std::string> no_weights{"lm_head.weight", "transformer.h.0.attn.bias",
                                            "transformer.h.0.attn.masked_bias", "transformer.h.1.attn.bias",
                                            "transformer.h.1.attn.masked_bias"};
  for (const bool tied : {true, false}) {
    INFO((tied ? "tied" : "untied"));
    Init init(1);
    StackModel ours(options, head, tied, init);
    load_weights(weights_file("gpt2"), ours);
    check_output(ours.logits(run.tokens("input.tokens"), {.mask = Mask::causal()}), run);
    std::vector<std::string> but = no_weights;
    if (!tied) but.erase(but.begin());
    check_written_back(ours, "gpt2", {.format = WeightFormat::gpt2}, but);
    // As nanoGPT stores it: the same names, nothing turned. And the bare stack, without the outermost name.
    const auto loads_again = [&](const ExportOptions& written) {
      const TemporaryFile file("gpt2-other");
      export_weights(file.path(), ours, written);
      StackModel again(options, head, tied, init);
      load_weights(file.path(), again);
      check_output(again.logits(run.tokens("input.tokens"), {.mask = Mask::causal()}), run);
    };
    loads_again({.format = WeightFormat::gpt2_linear});
    loads_again({.format = WeightFormat::gpt2, .rename = {{"", "transformer."}}});
  }
  // The bare stack has no head: an untied one of ours starts from the embedding.
  Init init(1);
  StackModel tied(options, head, true, init);
  StackModel untied(options, head, false, init);
  load_weights(weights_file("gpt2"), tied);
  const TemporaryFile bare("gpt2-bare");
  export_weights(bare.path(), tied, {.format = WeightFormat::gpt2, .rename = {{"", "transformer."}}});
  load_weights(bare.path(), untied);
  check_output(untied.logits(run.tokens("input.tokens"), {.mask = Mask::causal()}), run);
}
