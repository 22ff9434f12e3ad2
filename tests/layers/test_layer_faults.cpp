// Everything that can be wrong in the JSON of a model: where it is, and what fits instead.
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "layers/layer_error.h"
#include "layers/models/model.h"

using namespace headlight;

namespace {

using At = LayerError::Fault::At;

struct Case {
  const char* blocks;  ///< of an encoder of width 4
  const char* path;
  const char* what;  ///< parts of the messages
  const char* help;
  At at = At::value;
};

const std::vector<Case> kCases = {
    // unknown types
    {R"([{"type": "dens", "in": 4, "out": 4}])", "model.blocks.0.type", "no layer type `dens`",
     "did you mean `dense`?"},
    {R"([{"type": "LayerNorm"}])", "model.blocks.0.type", "no layer type `LayerNorm`", "the types are activation"},
    {R"([{"type": "multihead_attention"}])", "model.blocks.0.type", "`multihead_attention`", "`multi_head_attention`?"},
    {R"([{"type": ""}])", "model.blocks.0.type", "no layer type ``", "the types are"},
    {R"([{"type": 3}])", "model.blocks.0.type", "`type` must be the name of a layer, not 3", "the types are"},
    {R"([{"in": 4}])", "model.blocks.0.type", "without the key `type`", "the types are", At::missing},
    {R"([{"type": "residual", "width": 4, "body": {"type": "dens"}}])", "model.blocks.0.body.type", "`dens`",
     "`dense`?"},
    {R"([{"type": "sequential", "layers": [{"type": "activation"}, {"type": "gelu"}]}])",
     "model.blocks.0.layers.1.type", "`gelu`", "the types are"},
    {R"([{"type": "block", "width": 4, "steps": [{"type": "feedforward"}]}])", "model.blocks.0.steps.0.type",
     "`feedforward`", "did you mean `feed_forward`?"},
    // missing keys
    {R"([{"type": "dense", "in": 4}])", "model.blocks.0.out", "missing key `out` in a layer of type dense",
     "cannot be built without", At::missing},
    {R"([{"type": "dense", "in": 4, "outt": 4}])", "model.blocks.0.out", "missing key `out`", "did you mean `out`?",
     At::missing},
    {R"([{"type": "dropout"}])", "model.blocks.0.p", "missing key `p` in a layer of type dropout", "", At::missing},
    {R"([{"type": "residual", "width": 4}])", "model.blocks.0.body", "missing key `body`", "", At::missing},
    {R"([{"type": "residual", "body": {"type": "activation"}}])", "model.blocks.0.width", "missing key `width`", "",
     At::missing},
    {R"([{"type": "block", "width": 4}])", "model.blocks.0.steps", "missing key `steps`", "", At::missing},
    {R"([{"type": "feed_forward", "d_model": 4, "dff": 8}])", "model.blocks.0.d_ff", "missing key `d_ff`",
     "did you mean `d_ff`?", At::missing},
    {R"([{"type": "gated_residual"}])", "model.blocks.0.dim", "missing key `dim`", "", At::missing},
    // unknown keys
    {R"([{"type": "dense", "in": 4, "out": 4, "bais": true}])", "model.blocks.0.bais", "unknown key `bais`",
     "similar name exists: `bias`", At::key},
    {R"([{"type": "dense", "in": 4, "out": 4, "zebra": 1}])", "model.blocks.0.zebra", "unknown key `zebra`",
     "its keys are activation, bias, in, out, type", At::key},
    {R"([{"type": "multi_head_attention", "d_model": 4, "heds": 2}])", "model.blocks.0.heds", "unknown key `heds`",
     "`heads`", At::key},
    {R"([{"type": "residual", "width": 4, "body": {"type": "dropout", "p": 0, "q": 1}}])", "model.blocks.0.body.q",
     "unknown key `q`", "its keys are p, type", At::key},
    {R"([{"type": "residual", "norm": "none", "width": 4, "body": {"type": "activation"}}])", "model.blocks.0.width",
     "`width` has no meaning with norm none", "leave it out", At::key},
    {R"([{"type": "multi_head_attention", "d_model": 4, "rope_base": 10}])", "model.blocks.0.rope_base",
     "has no meaning with positions other than rope", "leave it out", At::key},
    {R"([{"type": "residual", "width": 4, "body": {"type": "activation", "name": "x"}}])", "model.blocks.0.body.name",
     "`name` has no effect here", "called `body`", At::key},
    // kinds and ranges
    {R"([{"type": "dense", "in": "4", "out": 4}])", "model.blocks.0.in", "`in` must be a whole number from 1", "dense"},
    {R"([{"type": "dense", "in": 0, "out": 4}])", "model.blocks.0.in",
     "must be a whole number from 1 to 2147483648, not 0", "dense"},
    {R"([{"type": "dense", "in": -4, "out": 4}])", "model.blocks.0.in", "not -4", "dense"},
    {R"([{"type": "dense", "in": 4.5, "out": 4}])", "model.blocks.0.in", "not 4.5", "dense"},
    {R"([{"type": "dense", "in": 4, "out": 4, "bias": 1}])", "model.blocks.0.bias", "must be true or false, not 1", ""},
    {R"([{"type": "dropout", "p": 1.5}])", "model.blocks.0.p", "must be a number from 0 to below 1, not 1.5", ""},
    {R"([{"type": "dropout", "p": -0.1}])", "model.blocks.0.p", "a number from 0 to below 1", ""},
    {R"([{"type": "dropout", "p": null}])", "model.blocks.0.p", "not null", ""},
    {R"([{"type": "layer_norm", "width": 4, "eps": -1}])", "model.blocks.0.eps", "at least 0, not -1", ""},
    {R"([{"type": "multi_head_attention", "d_model": 4, "heads": 0}])", "model.blocks.0.heads", "from 1 to", ""},
    {R"([{"type": "multi_head_attention", "d_model": 4, "dropout": 2}])", "model.blocks.0.dropout", "below 1, not 2",
     ""},
    {R"([{"type": "multi_head_attention", "d_model": 4, "heads": 3}])", "model.blocks.0", "no multiple of 3 heads", ""},
    {R"([{"type": "multi_head_attention", "d_model": 4, "cross": true, "window": 2}])", "model.blocks.0",
     "between them; leave window out of the cross-attention", ""},
    {R"([{"type": "multi_head_attention", "d_model": 4, "weights": "softmx"}])", "model.blocks.0.weights",
     "must be one of \"softmax\", \"sigmoid\", \"top_k\"", "did you mean \"softmax\"?"},
    {R"([{"type": "block", "width": 4, "norm": "psot", "steps": [{"type": "activation"}]}])", "model.blocks.0.norm",
     "psot", ""},
    {R"([{"type": "activation", "kind": "maxout"}])", "model.blocks.0.kind", "no activation `maxout`", ""},
    {R"([{"type": "activation", "kind": 3}])", "model.blocks.0.kind", "must be a string, not 3", ""},
    // nesting
    {R"({"type": "activation"})", "model.blocks", "a list of layers is wanted, not an object",
     "put the layer into a list"},
    {R"("activation")", "model.blocks", "a list of layers is wanted", "[{\"type\""},
    {R"([[{"type": "activation"}]])", "model.blocks.0", "described by an object, not a list of 1",
     "take the layers out of the inner list"},
    {R"([3])", "model.blocks.0", "described by an object, not 3", "write {"},
    {R"([{"type": "sequential", "layers": {"type": "activation"}}])", "model.blocks.0.layers",
     "a list of layers is wanted", "put the layer into a list"},
    {R"([{"type": "residual", "width": 4, "body": [{"type": "activation"}]}])", "model.blocks.0.body",
     "`body` must be one layer, not a list", "sequential"},
    {R"([{"type": "activation", "name": "a"}, {"type": "activation", "name": "a"}])", "model.blocks.1.name",
     "two layers of one list are called `a`", "different names"},
    {R"([{"type": "activation", "name": "a.b"}])", "model.blocks.0.name", "a text without dots", "dots separate"},
    // widths
    {R"([{"type": "dense", "in": 8, "out": 4}])", "model.blocks.0",
     "`model.blocks.0` (dense) takes width 8, but the embedding (`d_model`) gives 4", "make both 4, or both 8"},
    {R"([{"type": "dense", "in": 4, "out": 8}])", "model.blocks.0",
     "(dense) gives width 8, but the head (`d_model`) takes 4", "end with a layer that gives 4"},
    {R"([{"type": "dense", "in": 4, "out": 8}, {"type": "gated_residual", "dim": 6}, {"type": "dense", "in": 6, "out": 4}])",
     "model.blocks.1", "`model.blocks.1` (gated_residual) takes width 6, but `model.blocks.0` (dense) gives 8",
     "make both 8, or both 6"},
    {R"([{"type": "feed_forward", "d_model": 6, "d_ff": 9}, {"type": "dense", "in": 6, "out": 4}])", "model.blocks.0",
     "takes width 6", "both 4, or both 6"},
    {R"([{"type": "sequential", "layers": [{"type": "dense", "in": 4, "out": 3}, {"type": "dense", "in": 5, "out": 4}]}])",
     "model.blocks.0.layers.1", "(dense) takes width 5, but `model.blocks.0.layers.0` (dense) gives 3",
     "both 3, or both 5"},
    {R"([{"type": "block", "width": 4, "steps": [{"type": "feed_forward", "d_model": 6, "d_ff": 9}]}])",
     "model.blocks.0.steps.0", "(feed_forward) takes width 6, but the stream of `model.blocks.0` (block) gives 4",
     "both 4, or both 6"},
    {R"([{"type": "residual", "width": 4, "body": {"type": "dense", "in": 4, "out": 5}}])", "model.blocks.0.body",
     "makes width 5 of 4, but `model.blocks.0` (residual) adds its result to a stream of 4", "width 4 at its end"},
    {R"([{"type": "block", "width": 8, "steps": [{"type": "activation"}]}])", "model.blocks.0", "takes width 8",
     "both 4, or both 8"},
    // no width is at fault
    {R"([{"type": "multi_head_attention", "d_model": 4, "cross": true}])", "model.blocks.0",
     "`model.blocks.0` (multi_head_attention) cannot run on (1, 2, 4), the shape of what the embedding (`d_model`) "
     "gives, "
     "nor on another width",
     "cross-attention needs a memory to attend to"},
    // sizes that no machine has memory for: 2^31 - 1 is the largest that is read
    {R"([{"type": "dense", "in": 2147483647, "out": 2147483647}])", "model.blocks.0",
     "it would not fit into the memory of this machine; 46116860141", ""},
    {R"([{"type": "residual", "norm": "none", "body": {"type": "sinusoidal_positions", "max_len": 2147483647,
          "width": 2147483647}}])",
     "model.blocks.0.body", "it would not fit into the memory", ""},
    {R"([{"type": "batch_norm", "width": 2147483647, "per_position": true, "max_len": 2147483647}])", "model.blocks.0",
     "it would not fit into the memory", ""},
    {R"([{"type": "multi_head_attention", "d_model": 2, "heads": 65536, "head_size": 1, "positions": "relative",
          "max_distance": 2147483647}])",
     "model.blocks.0", "it would not fit into the memory", ""},
    {R"([{"type": "multi_head_attention", "d_model": 1, "head_size": 4194304, "score": "bilinear"}])", "model.blocks.0",
     "it would not fit into the memory", ""},
};

std::vector<LayerError::Fault> faults_of(const std::string& model) {
  Init init(1);
  try {
    const Model built(nlohmann::json::parse(model), init, "model");
  } catch (const LayerError& error) {
    return error.faults();
  }
  return {};
}

std::vector<LayerError::Fault> faults_of_blocks(const std::string& blocks) {
  return faults_of(R"({"arch": "encoder", "vocabulary": 5, "d_model": 4, "blocks": )" + blocks + "}");
}

}  // namespace

TEST_CASE("each fault in the JSON of a model says where it is and what fits") {
  CHECK(kCases.size() >= 50);
  for (const Case& wrong : kCases) {
    INFO(wrong.blocks);
    const std::vector<LayerError::Fault> faults = faults_of_blocks(wrong.blocks);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].path == wrong.path);
    CHECK_THAT(faults[0].what, Catch::Contains(wrong.what));
    CHECK_THAT(faults[0].help, Catch::Contains(wrong.help));
    CHECK(faults[0].at == wrong.at);
  }
}

TEST_CASE("the faults of several layers come together, in the order of the JSON") {
  const std::vector<LayerError::Fault> faults = faults_of_blocks(
      R"([{"type": "dens"}, {"type": "activation"}, {"type": "dense", "in": 4, "out": 4, "a": 1, "b": 2},
          {"type": "sequential", "layers": [{"type": "dropout", "p": 3}, {"type": "gelu"}]}])");
  std::vector<std::string> paths;
  for (const LayerError::Fault& fault : faults) paths.push_back(fault.path);
  CHECK(paths == std::vector<std::string>{"model.blocks.0.type", "model.blocks.2.a", "model.blocks.2.b",
                                          "model.blocks.3.layers.0.p", "model.blocks.3.layers.1.type"});
}

TEST_CASE("faults of both stacks and of the model's own keys are found") {
  const std::string pair = R"({"arch": "encoder-decoder", "vocabulary": 5, "target_vocabulary": 4, "d_model": 4,
      "encoder_blocks": [{"type": "dense", "in": 3, "out": 4}], "blocks": [{"type": "dens"}]})";
  const std::vector<LayerError::Fault> faults = faults_of(pair);
  REQUIRE(faults.size() == 2);
  CHECK(faults[0].path == "model.encoder_blocks.0");
  CHECK(faults[1].path == "model.blocks.0.type");

  const auto first = [](const std::string& model) {
    const std::vector<LayerError::Fault> found = faults_of(model);
    return found.empty() ? "nothing" : found.front().path + ": " + found.front().what;
  };
  CHECK(first(R"({"vocabulary": 5, "d_model": 4, "archh": "decoder"})") ==
        "model.archh: unknown key `archh` in the model");
  CHECK(first(R"({"vocabulary": 5, "d_model": 4, "arch": "decodr"})") ==
        "model.arch: `arch` must be one of \"encoder\", \"decoder\", \"encoder-decoder\", not \"decodr\"");
  CHECK(first(R"({"vocabulary": 5})") == "model.d_model: missing key `d_model` in the model");
  CHECK(first(R"({"d_model": 4})") == "model.vocabulary: missing key `vocabulary` in the model");
  CHECK(first(R"({"vocabulary": 5, "d_model": 4, "dropout": {"imput": 0}})") ==
        "model.dropout.imput: unknown key `imput` in `dropout` of the model");
  CHECK(first(R"({"vocabulary": 5, "d_model": 4, "encoder_blocks": []})") ==
        "model.encoder_blocks: `encoder_blocks` has no meaning with an arch other than encoder-decoder");
}

TEST_CASE("the text of the error has a line for each fault") {
  CHECK(std::string(
            LayerError({{.path = "a.b", .what = "wrong", .help = "do c"}, {.path = "", .what = "bad", .help = ""}})
                .what()) == "a.b: wrong; do c\nbad");
  CHECK_THROWS_AS(LayerError({}), StateError);
}
