// State dicts of PyTorch and GPT-2 load by name and give the results that PyTorch gave; written back they are the same.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/training/weights.h"
#include "autograd/ops/pieces.h"
#include "core/io/array_io.h"
#include "layers/activation.h"
#include "layers/models/model.h"
#include "layers/multi_head_attention.h"
#include "tests/common/arrays.h"
#include "tests/parity/decoder_stack.h"
#include "tests/parity/fixture.h"

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

ModelOptions model_options(const nlohmann::json& model) {
  return {.vocabulary = size(model, "vocabulary"),
          .d_model = size(model, "d_model"),
          .heads = size(model, "heads"),
          .d_ff = size(model, "d_ff"),
          .layers = size(model, "layers"),
          .norm = model.value("norm", "pre") == "pre" ? NormPlacement::pre : NormPlacement::post,
          .positions = Positions::none};
}

}  // namespace

TEST_CASE("A state dict around nn.TransformerEncoder loads into an encoder without renaming") {
  for (const std::string norm : {"pre", "post"}) {
    INFO(norm);
    const Fixture run("weights/encoder_" + norm + "_run");
    ModelOptions options = model_options(run.json("model"));
    options.activation = activation_of(run.json("model").at("activation").get<std::string>());
    Init init(1);
    Model ours(options, init);
    load_weights(weights_file("encoder_" + norm), ours);
    check_output(ours(run.tokens("input.tokens"), {}), run);
    check_written_back(ours, "encoder_" + norm,
                       {.format = WeightFormat::torch,
                        .rename = {{"encoder.layers.", "layers."}, {"encoder.norm.", "norm."}}});
  }
}

TEST_CASE("A state dict of nn.TransformerDecoder loads, pre and post norm, self and cross attention") {
  for (const std::string norm : {"pre", "post"}) {
    INFO(norm);
    const Fixture run("weights/decoder_" + norm + "_run");
    const nlohmann::json model = run.json("model");
    Init init(1);
    DecoderStack ours({.d_model = size(model, "d_model"),
                       .heads = size(model, "heads"),
                       .d_ff = size(model, "d_ff"),
                       .layers = size(model, "layers"),
                       .pre_norm = norm == "pre"},
                      init);
    load_weights(weights_file("decoder_" + norm), ours);
    const Tensor memory(run.array("input.memory"));
    check_output(ours(Tensor(run.array("input.x")), {.mask = Mask::causal(), .memory = &memory}), run);
    check_written_back(ours, "decoder_" + norm, {.format = WeightFormat::torch});
  }
}

TEST_CASE("A state dict around nn.Transformer loads, and only the embeddings, which users name, are renamed") {
  for (const std::string norm : {"pre", "post"}) {
    INFO(norm);
    const Fixture run("weights/transformer_" + norm + "_run");
    const nlohmann::json model = run.json("model");
    Init init(1);
    Model ours(ModelOptions{.arch = Architecture::encoder_decoder,
                            .vocabulary = size(model, "source"),
                            .target_vocabulary = size(model, "target"),
                            .d_model = size(model, "d_model"),
                            .heads = size(model, "heads"),
                            .d_ff = size(model, "d_ff"),
                            .layers = size(model, "decoder_layers"),
                            .encoder_layers = size(model, "encoder_layers"),
                            .norm = norm == "pre" ? NormPlacement::pre : NormPlacement::post,
                            .final_norm = true,
                            .activation = Activation::relu,
                            .positions = Positions::none},
               init);
    const Renames names{{"source.weight", "encoder.embedding.weight"}, {"target.weight", "decoder.embedding.weight"}};
    load_weights(weights_file("transformer_" + norm), ours, {.rename = names});
    check_output(ours(run.tokens("input.source"), run.tokens("input.target"), {}), run);
    Renames backwards = names;
    backwards.insert({{"transformer.encoder.", "encoder."}, {"transformer.decoder.", "decoder."}});
    check_written_back(ours, "transformer_" + norm, {.format = WeightFormat::torch, .rename = backwards});
  }
}

TEST_CASE("A state dict of nn.MultiheadAttention loads: packed, with widths of its own, without bias, with bias_k") {
  for (const std::string kind : {"packed", "packed_no_bias", "separate", "separate_no_bias", "packed_sink"}) {
    INFO(kind);
    const Fixture run("weights/attention_" + kind + "_run");
    const nlohmann::json model = run.json("model");
    const bool sink = model.at("sink");
    Init init(1);
    MultiHeadAttention ours({.d_model = size(model, "d_model"),
                             .heads = size(model, "heads"),
                             .key_width = size(model, "key_width"),
                             .value_width = size(model, "value_width"),
                             .bias = model.at("bias"),
                             .sink = sink ? SinkKind::learned : SinkKind::none},
                            init);
    load_weights(weights_file("attention_" + kind), ours);
    const AttentionOutput result = ours.attend(Tensor(run.array("input.query")), Tensor(run.array("input.key")),
                                               Tensor(run.array("input.value")), {}, {});
    check_output(result.output, run);
    const Array weights = run.array("attention_weights");
    if (sink) {
      // PyTorch puts the sink behind the other keys.
      const auto part = [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
        return slice(Tensor(weights), {.axis = 3, .begin = begin, .end = end}).value();
      };
      CHECK(difference(result.weights.value(), part(0, 6), kRtol, kAtol) == "");
      CHECK(difference(result.sink.value(), reshaped(part(6, 7), result.sink.shape()), kRtol, kAtol) == "");
    } else {
      CHECK(difference(result.weights.value(), weights, kRtol, kAtol) == "");
    }
    check_written_back(ours, "attention_" + kind, {.format = WeightFormat::torch});
  }
}

TEST_CASE("GPT-2's weights load into a decoder: turned, packed, tied, beside masks that are no weights") {
  const Fixture run("weights/gpt2_run");
  const auto options = [&](bool tied) {
    ModelOptions gpt2 = model_options(run.json("model"));
    gpt2.arch = Architecture::decoder;
    gpt2.max_len = size(run.json("model"), "max_len");
    gpt2.positions = Positions::learned;
    gpt2.activation = Activation::gelu_tanh;
    gpt2.tie_embeddings = tied;
    gpt2.bias.head = false;
    return gpt2;
  };
  const std::vector<std::string> no_weights{"lm_head.weight", "transformer.h.0.attn.bias",
                                            "transformer.h.0.attn.masked_bias", "transformer.h.1.attn.bias",
                                            "transformer.h.1.attn.masked_bias"};
  for (const bool tied : {true, false}) {
    INFO((tied ? "tied" : "untied"));
    Init init(1);
    Model ours(options(tied), init);
    load_weights(weights_file("gpt2"), ours);
    check_output(ours(run.tokens("input.tokens"), {}), run);
    std::vector<std::string> but = no_weights;
    if (!tied) but.erase(but.begin());
    check_written_back(ours, "gpt2", {.format = WeightFormat::gpt2}, but);
    // As nanoGPT stores it: the same names, nothing turned. And the bare stack, without the outermost name.
    const auto loads_again = [&](const ExportOptions& written) {
      const TemporaryFile file("gpt2-other");
      export_weights(file.path(), ours, written);
      Model again(options(tied), init);
      load_weights(file.path(), again);
      check_output(again(run.tokens("input.tokens"), {}), run);
    };
    loads_again({.format = WeightFormat::gpt2_linear});
    loads_again({.format = WeightFormat::gpt2, .rename = {{"", "transformer."}}});
  }
  // The bare stack has no head: an untied one of ours starts from the embedding.
  Init init(1);
  Model tied(options(true), init);
  Model untied(options(false), init);
  load_weights(weights_file("gpt2"), tied);
  const TemporaryFile bare("gpt2-bare");
  export_weights(bare.path(), tied, {.format = WeightFormat::gpt2, .rename = {{"", "transformer."}}});
  load_weights(bare.path(), untied);
  check_output(untied(run.tokens("input.tokens"), {}), run);
}
