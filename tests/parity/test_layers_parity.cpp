// Whole layers with PyTorch 1.13's parameters: output, attention weights of each head, gradients of inputs and parameters.
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/dense.h"
#include "layers/embedding.h"
#include "layers/layer_norm.h"
#include "layers/models/model_options.h"
#include "layers/multi_head_attention.h"
#include "layers/registry.h"
#include "tests/common/arrays.h"
#include "tests/parity/fixture.h"
#include "tests/parity/matching.h"
#include "tests/parity/op_calls.h"

using namespace headlight;
using namespace headlight::parity;
using headlight::testing::difference;

namespace {

Tensor input(const FixtureCase& c, const std::string& name) { return Tensor(c.array("input." + name), true); }

std::size_t size(const FixtureCase& c, const char* key) { return c.attributes().at(key).get<std::size_t>(); }

void check_close(const std::string& what, const Array& actual, const Array& expected) {
  INFO(what);
  CHECK(difference(actual, expected, kRtol, kAtol) == "");
}

/// The case's mask; (B * H, Tq, Tk) and (B, Tk) of PyTorch become (B, H, Tq, Tk) and (B, 1, 1, Tk).
Mask mask_of(const FixtureCase& c, std::size_t heads) {
  const std::string kind = c.attributes().at("mask");
  Mask mask;
  if (kind == "causal" || kind == "causal_and_padding") mask = mask & Mask::causal();
  if (kind == "hide") mask = mask & Mask::forbid(truth(c.tokens("input.attention_mask")));
  if (kind == "hide_per_head") {
    Booleans hidden = truth(c.tokens("input.attention_mask"));
    hidden.reshape(Shape{hidden.shape()[0] / heads, heads, hidden.shape()[1], hidden.shape()[2]});
    mask = mask & Mask::forbid(hidden);
  }
  if (kind == "bias") mask = mask & Mask::bias(c.array("input.attention_mask"));
  if (kind == "padding" || kind == "causal_and_padding") {
    Booleans hidden = truth(c.tokens("input.key_padding_mask"));
    hidden.reshape(Shape{hidden.shape()[0], 1, 1, hidden.shape()[1]});
    mask = mask & Mask::forbid(hidden);
  }
  return mask;
}

struct LastWeights : AttentionRecorder {
  Tensor weights;
  void record(const std::string&, const Tensor& seen, std::size_t) override { weights = seen; }
};

}  // namespace

TEST_CASE("Dense, Embedding and LayerNorm equal PyTorch's Linear, Embedding and LayerNorm") {
  std::size_t cases = 0;
  for (const FixtureCase& c : fixture_cases("layers/simple")) {
    INFO(c.describe());
    ++cases;
    Init init(1);
    const auto run = [&](const Module& module, const std::vector<Match>& matches, const auto& forward) {
      load_parameters(module, c, matches);
      const Tensor y = forward();
      check_close("output", y.value(), c.array("output"));
      y.backward(c.array("cotangent"));
      check_parameter_gradients(module, c, matches);
    };
    if (c.op == "embedding") {
      const Embedding layer({.vocabulary = size(c, "vocabulary"), .width = size(c, "channels")}, init);
      run(layer, {{"weight", "weight"}}, [&] { return layer(c.tokens("input.tokens")); });
      continue;
    }
    const Tensor x = input(c, "x");
    if (c.op == "linear") {
      const bool bias = c.attributes().at("bias");
      Dense layer({.in = size(c, "in_features"), .out = size(c, "out_features"), .bias = bias}, init);
      std::vector<Match> matches{{"weight", "weight"}};
      if (bias) matches.push_back({"bias", "bias"});
      run(layer, matches, [&] { return layer(x, {}); });
    } else {
      REQUIRE(c.op == "layer_norm");
      LayerNorm layer({.width = size(c, "channels"), .eps = c.attributes().at("eps")}, init);
      run(layer, {{"gain", "weight"}, {"bias", "bias"}}, [&] { return layer(x, {}); });
    }
    check_close("gradient of x", x.grad(), c.array("grad.x"));
  }
  CHECK(cases == 11);
}

TEST_CASE(
    "MultiHeadAttention equals nn.MultiheadAttention: self, memory and cross, every mask, with and without bias") {
  std::size_t cases = 0;
  for (const FixtureCase& c : fixture_cases("layers/multihead_attention")) {
    INFO(c.describe());
    ++cases;
    Init init(1);
    MultiHeadAttention layer({.d_model = size(c, "d_model"),
                              .heads = size(c, "heads"),
                              .key_width = size(c, "key_width"),
                              .value_width = size(c, "value_width"),
                              .bias = c.attributes().at("bias")},
                             init);
    const std::vector<Match> matches = attention_matches(c, "", "");
    load_parameters(layer, c, matches);
    const std::string kind = c.attributes().at("kind");
    const Tensor query = input(c, "query");
    const Tensor key = kind == "self" ? query : input(c, kind == "memory" ? "memory" : "key");
    const Tensor value = kind == "cross" ? input(c, "value") : key;
    const AttentionOutput result = layer.attend(query, key, value, mask_of(c, layer.heads()), {});
    check_close("output", result.output.value(), c.array("output"));
    check_close("weights", result.weights.value(), c.array("attention_weights"));
    CHECK(result.hidden_rows == 0);
    result.output.backward(c.array("cotangent"));
    check_parameter_gradients(layer, c, matches);
    check_close("gradient of query", query.grad(), c.array("grad.query"));
    if (kind == "memory") check_close("gradient of memory", key.grad(), c.array("grad.memory"));
    if (kind == "cross") {
      check_close("gradient of key", key.grad(), c.array("grad.key"));
      check_close("gradient of value", value.grad(), c.array("grad.value"));
    }
  }
  CHECK(cases == 20);
}

TEST_CASE("A preset's block equals nn.TransformerEncoderLayer: pre and post norm, relu and gelu, masks") {
  std::size_t cases = 0;
  for (const FixtureCase& c : fixture_cases("layers/encoder_layer")) {
    INFO(c.describe());
    ++cases;
    Init init(1);
    const nlohmann::json model =
        expand({.vocabulary = 1,
                .d_model = size(c, "d_model"),
                .heads = size(c, "heads"),
                .d_ff = size(c, "d_ff"),
                .norm = c.attributes().at("norm") == "pre" ? NormPlacement::pre : NormPlacement::post,
                .norm_eps = c.attributes().at("eps"),
                .activation = activation_of(c.attributes().at("activation").get<std::string>())});
    const std::unique_ptr<Layer> block = make_layer(model.at("blocks").at(0), init);
    Layer& layer = *block;
    std::vector<Match> matches = attention_matches(c, "attention.", "self_attn.");
    for (const std::string end : {"weight", "bias"}) {
      const std::string gain = end == "weight" ? "gain" : "bias";
      matches.push_back({"feed_forward.up." + end, "linear1." + end});
      matches.push_back({"feed_forward.down." + end, "linear2." + end});
      matches.push_back({"attention_norm." + gain, "norm1." + end});
      matches.push_back({"feed_forward_norm." + gain, "norm2." + end});
    }
    load_parameters(layer, c, matches);
    LastWeights recorder;
    const Tensor x = input(c, "x");
    const Tensor y = layer(x, {.mask = mask_of(c, size(c, "heads")), .recorder = &recorder});
    check_close("output", y.value(), c.array("output"));
    check_close("weights", recorder.weights.value(), c.array("attention_weights"));
    y.backward(c.array("cotangent"));
    check_close("gradient of x", x.grad(), c.array("grad.x"));
    check_parameter_gradients(layer, c, matches);
  }
  CHECK(cases == 14);
}

TEST_CASE("BatchNorm equals nn.BatchNorm1d: training and evaluation, results, gradients and running statistics") {
  std::size_t cases = 0;
  for (const FixtureCase& c : fixture_cases("layers/batch_norm")) {
    INFO(c.describe());
    ++cases;
    Init init(1);
    const bool affine = c.attributes().at("affine");
    BatchNorm layer({.width = size(c, "channels"),
                     .eps = c.attributes().at("eps"),
                     .gain = affine,
                     .bias = affine,
                     .momentum = c.attributes().at("momentum")},
                    init);
    std::vector<Match> matches;
    if (affine) matches = {{"gain", "weight"}, {"bias", "bias"}};
    load_parameters(layer, c, matches);
    const std::vector<NamedBuffer> buffers = layer.buffers();
    REQUIRE(buffers.size() == 2);
    buffers[0].tensor.assign(c.array("input.mean"));
    buffers[1].tensor.assign(c.array("input.var"));
    const Tensor x = input(c, "x");
    const Tensor y = layer(x, {.training = c.attributes().at("training").get<bool>()});
    check_close("output", y.value(), c.array("output"));
    for (const NamedBuffer& buffer : buffers) check_close(buffer.name, buffer.tensor.value(), c.array(buffer.name));
    y.backward(c.array("cotangent"));
    check_close("gradient of x", x.grad(), c.array("grad.x"));
    check_parameter_gradients(layer, c, matches);
  }
  CHECK(cases == 10);
}
