#include "tests/layers/layer_cases.h"

#include <iterator>
#include <utility>

#include <nlohmann/json.hpp>

#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/registry.h"
#include "layers/residual.h"
#include "layers/sequential.h"
#include "tests/common/arrays.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

using testing::drawn;

namespace {

Tensor run_training(Module& module, const std::vector<Tensor>& x) {
  StepRandom random(11, 5);
  return dynamic_cast<Layer&>(module)(x.at(0), {.training = true, .random = &random});
}

}  // namespace

LayerCase trained(LayerCase c) {
  c.what += ", while training";
  c.run = run_training;
  return c;
}

LayerCase from_json(const std::string& class_name, const std::string& what, const std::string& json, Array x) {
  const auto parsed = nlohmann::json::parse(json);
  return {.type = parsed.at("type"),
          .class_name = class_name,
          .what = what,
          .make = [parsed](Init& init) { return make_layer(parsed, init); },
          .run = [](Module& module,
                    const std::vector<Tensor>& inputs) { return dynamic_cast<Layer&>(module)(inputs.at(0), {}); },
          .inputs = {std::move(x)}};
}

std::vector<LayerCase> plain_cases() {
  std::vector<LayerCase> cases;
  const auto add = [&](const char* class_name, const char* what, const std::string& json, Array x) {
    cases.push_back(from_json(class_name, what, json, std::move(x)));
  };
  add("ActivationLayer", "relu by default, away from its kink", R"({"type": "activation"})",
      drawn({3, 4}, -2, 2, 1, {0}));
  for (const std::string kind : {"none", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid", "softplus"}) {
    add("ActivationLayer", kind.c_str(), R"({"type": "activation", "kind": ")" + kind + "\"}",
        drawn({2, 1, 5}, -3, 3, 2));
  }
  add("Dense", "a matrix", R"({"type": "dense", "in": 4, "out": 3})", drawn({2, 4}, -1, 1, 3));
  add("Dense", "a vector", R"({"type": "dense", "in": 5, "out": 2})", drawn({5}, -1, 1, 4));
  add("Dense", "one by one", R"({"type": "dense", "in": 1, "out": 1})", drawn({1, 1, 1}, -1, 1, 5));
  add("Dense", "no bias, gelu", R"({"type": "dense", "in": 3, "out": 6, "bias": false, "activation": "gelu"})",
      drawn({2, 3, 3}, -1, 1, 6));
  add("Dense", "tanh", R"({"type": "dense", "in": 17, "out": 19, "activation": "tanh"})", drawn({3, 17}, -1, 1, 7));
  add("Dense", "no rows", R"({"type": "dense", "in": 2, "out": 3})", zeros({0, 2}));
  for (const char* p : {"0", "0.1", "0.5", "0.9", "0.999"}) {
    const std::string json = std::string(R"({"type": "dropout", "p": )") + p + "}";
    cases.push_back(trained(from_json("Dropout", std::string("p ") + p, json, drawn({4, 1, 6}, -1, 1, 8))));
    add("Dropout", "in evaluation", json, drawn({3}, -1, 1, 9));
  }
  add("FeedForward", "relu by default", R"({"type": "feed_forward", "d_model": 4, "d_ff": 7})",
      drawn({2, 3, 4}, -1, 1, 10));
  add("FeedForward", "one by one", R"({"type": "feed_forward", "d_model": 1, "d_ff": 1, "activation": "silu"})",
      drawn({1, 1}, -1, 1, 11));
  add("FeedForward", "no bias",
      R"({"type": "feed_forward", "d_model": 3, "d_ff": 5, "activation": "gelu", "bias": false})",
      drawn({2, 3}, -1, 1, 12));
  add("FeedForward", "a vector", R"({"type": "feed_forward", "d_model": 6, "d_ff": 2, "activation": "gelu_tanh"})",
      drawn({6}, -1, 1, 13));
  cases.push_back(
      trained(from_json("FeedForward", "dropout",
                        R"({"type": "feed_forward", "d_model": 4, "d_ff": 9, "activation": "tanh", "dropout": 0.4})",
                        drawn({2, 2, 4}, -1, 1, 14))));
  add("LayerNorm", "a matrix", R"({"type": "layer_norm", "width": 6})", drawn({3, 6}, -2, 2, 15));
  add("LayerNorm", "a vector, Keras's eps", R"({"type": "layer_norm", "width": 5, "eps": 0.001})",
      drawn({5}, -2, 2, 16));
  add("LayerNorm", "no gain", R"({"type": "layer_norm", "width": 4, "gain": false})", drawn({2, 1, 4}, -2, 2, 17));
  add("LayerNorm", "no bias", R"({"type": "layer_norm", "width": 17, "bias": false})", drawn({2, 17}, -2, 2, 18));
  add("LayerNorm", "one channel, which is normalised to 0", R"({"type": "layer_norm", "width": 1, "eps": 0.5})",
      drawn({3, 1}, -2, 2, 19));
  add("LayerNorm", "neither gain nor bias", R"({"type": "layer_norm", "width": 3, "gain": false, "bias": false})",
      drawn({2, 2, 3}, -2, 2, 20));
  for (const std::string type : {"learned_positions", "sinusoidal_positions"}) {
    const char* const class_name = type == "learned_positions" ? "LearnedPositions" : "SinusoidalPositions";
    const auto json = [&](int length, int width) {
      return R"({"type": ")" + type + R"(", "max_len": )" + std::to_string(length) + R"(, "width": )" +
             std::to_string(width) + "}";
    };
    add(class_name, "as long as the table", json(5, 4), drawn({2, 5, 4}, -1, 1, 21));
    add(class_name, "shorter than the table", json(9, 3), drawn({2, 4, 3}, -1, 1, 22));
    add(class_name, "one position", json(3, 6), drawn({3, 1, 6}, -1, 1, 23));
    add(class_name, "one by one", json(1, 1), drawn({1, 1, 1}, -1, 1, 24));
    add(class_name, "one sequence, odd width", json(7, 5), drawn({1, 7, 5}, -1, 1, 25));
  }
  const std::string body = R"("body": {"type": "dense", "in": 4, "out": 4, "activation": "tanh"})";
  add("Residual", "pre-norm by default", R"({"type": "residual", "width": 4, )" + body + "}",
      drawn({2, 3, 4}, -1, 1, 26));
  add("Residual", "post-norm", R"({"type": "residual", "norm": "post", "width": 4, )" + body + "}",
      drawn({2, 4}, -1, 1, 27));
  add("Residual", "without norm", R"({"type": "residual", "norm": "none", )" + body + "}", drawn({4}, -1, 1, 28));
  add("Residual", "another eps", R"({"type": "residual", "norm_eps": 0.1, "width": 4, )" + body + "}",
      drawn({1, 1, 4}, -1, 1, 29));
  cases.push_back(
      trained(from_json("Residual", "dropout", R"({"type": "residual", "dropout": 0.5, "width": 4, )" + body + "}",
                        drawn({3, 2, 4}, -1, 1, 30))));
  const std::string dense = R"({"type": "dense", "in": 3, "out": 3})";
  add("Sequential", "nothing: the identity", R"({"type": "sequential", "layers": []})", drawn({2, 3}, -1, 1, 31));
  add("Sequential", "one layer", R"({"type": "sequential", "layers": [)" + dense + "]}", drawn({2, 3}, -1, 1, 32));
  add("Sequential", "three layers",
      R"({"type": "sequential", "layers": [)" + dense + R"(, {"type": "activation", "kind": "silu"}, )" + dense + "]}",
      drawn({2, 1, 3}, -1, 1, 33));
  add("Sequential", "nested",
      R"({"type": "sequential", "layers": [{"type": "sequential", "layers": [)" + dense + "]}, " + dense + "]}",
      drawn({3}, -1, 1, 34));
  add("Sequential", "with a user's layer",
      R"({"type": "sequential", "layers": [{"type": "gated_residual", "dim": 3}, )" + dense + "]}",
      drawn({2, 2, 3}, -1, 1, 35));
  add("GatedResidual", "a vector", R"({"type": "gated_residual", "dim": 4})", drawn({4}, -1, 1, 36));
  add("GatedResidual", "a matrix", R"({"type": "gated_residual", "dim": 3})", drawn({5, 3}, -1, 1, 37));
  add("GatedResidual", "three axes", R"({"type": "gated_residual", "dim": 2})", drawn({2, 3, 2}, -1, 1, 38));
  add("GatedResidual", "one by one", R"({"type": "gated_residual", "dim": 1})", drawn({1, 1}, -1, 1, 39));
  add("GatedResidual", "wide", R"({"type": "gated_residual", "dim": 17})", drawn({1, 17}, -1, 1, 40));
  return cases;
}

const std::vector<LayerCase>& layer_cases() {
  static const std::vector<LayerCase> all = [] {
    std::vector<LayerCase> cases;
    for (const auto family : {plain_cases, attention_cases, block_cases, model_cases}) {
      std::vector<LayerCase> some = family();
      std::move(some.begin(), some.end(), std::back_inserter(cases));
    }
    return cases;
  }();
  return all;
}

std::unique_ptr<Module> build(const LayerCase& c) {
  Init init(3);
  std::unique_ptr<Module> module = c.make(init);
  std::uint64_t seed = 100;
  for (const NamedParameter& parameter : module->parameters()) {
    const bool gain = parameter.name.ends_with("gain");
    parameter.tensor.assign(drawn(parameter.tensor.shape(), gain ? 0.5 : -0.8, gain ? 1.5 : 0.8, seed++));
  }
  for (const NamedBuffer& buffer : module->buffers()) {
    buffer.tensor.assign(drawn(buffer.tensor.shape(), 0.5, 1.5, seed++));
  }
  return module;
}

std::string name_of(const LayerCase& c) { return c.class_name + ", " + c.what; }

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
