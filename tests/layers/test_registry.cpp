// Layers from JSON: what is built, and the message for everything that cannot be.
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "layers/dense.h"
#include "layers/multi_head_attention.h"
#include "layers/registry.h"
#include "layers/summary.h"

using namespace headlight;

namespace {

std::unique_ptr<Layer> make(const std::string& json) {
  Init init(1);
  return make_layer(nlohmann::json::parse(json), init);
}

/// The message of the ConfigError that a layer's JSON raises.
std::string message_of(const std::string& json) {
  try {
    make(json);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

const std::string kKnown =
    "known types: activation, batch_norm, block, conv1d, dense, dropout, feed_forward, gated_residual, layer_norm, "
    "learned_positions, linear_head, mlp_head, multi_head_attention, pointer_head, residual, rms_norm, sequential, "
    "sinusoidal_positions";

}  // namespace

TEST_CASE("the types of ours are registered, and a user's beside them") {
  CHECK(registered_layers() == std::vector<std::string>{"activation", "batch_norm", "block", "conv1d", "dense",
                                                        "dropout", "feed_forward", "gated_residual", "layer_norm",
                                                        "learned_positions", "linear_head", "mlp_head",
                                                        "multi_head_attention", "pointer_head", "residual", "rms_norm",
                                                        "sequential", "sinusoidal_positions"});
}

TEST_CASE("a nested description builds nested layers with dotted names") {
  const auto layer = make(R"({"type": "sequential", "layers": [
      {"type": "residual", "width": 4, "body": {"type": "multi_head_attention", "d_model": 4, "heads": 2, "bias": false}},
      {"type": "gated_residual", "dim": 4}]})");
  std::vector<std::string> names;
  for (const NamedParameter& parameter : layer->parameters()) names.push_back(parameter.name);
  CHECK(names == std::vector<std::string>{"0.body.query.weight", "0.body.key.weight", "0.body.value.weight",
                                          "0.body.output.weight", "0.norm.gain", "0.norm.bias", "1.value.weight",
                                          "1.value.bias", "1.gate.weight", "1.gate.bias"});
  CHECK(parameter_count(*layer) == 4 * 16 + 8 + 2 * 20);
}

TEST_CASE("what is not the description of a layer is refused") {
  CHECK(message_of("[]") == "layer: a layer is described by an object; got []; write {\"type\": \"dense\", ...}");
  CHECK(message_of("3") == "layer: a layer is described by an object; got 3; write {\"type\": \"dense\", ...}");
  CHECK(message_of("{}") == "layer: the key `type` is missing or no string; {}; " + kKnown);
  CHECK(message_of(R"({"type": 3})") == "layer: the key `type` is missing or no string; {\"type\":3}; " + kKnown);
  CHECK(message_of(R"({"type": "dens"})") == "layer: there is no layer type `dens`; " + kKnown);
}

TEST_CASE("missing and unknown keys are named") {
  CHECK(message_of(R"({"type": "dense", "in": 3})") == R"(dense: the key `out` is missing; {"in":3,"type":"dense"})");
  CHECK(message_of(R"({"type": "dropout"})") == R"(dropout: the key `p` is missing; {"type":"dropout"})");
  CHECK(
      message_of(R"({"type": "dense", "in": 3, "out": 4, "outt": 5})") ==
      R"(dense: unknown key `outt`; {"in":3,"out":4,"outt":5,"type":"dense"}; the keys are activation, bias, in, out, type)");
  // The width of a residual step without norm would do nothing.
  CHECK(message_of(R"({"type": "residual", "norm": "none", "width": 4, "body": {"type": "activation"}})") ==
        R"(residual: `width` has no meaning with norm none; )"
        R"({"body":{"type":"activation"},"norm":"none","type":"residual","width":4}; leave it out)");
  CHECK(message_of(R"({"type": "residual", "norm": "none", "norm_eps": 0.1, "body": {"type": "activation"}})") ==
        R"(residual: `norm_eps` has no meaning with norm none; )"
        R"({"body":{"type":"activation"},"norm":"none","norm_eps":0.1,"type":"residual"}; leave it out)");
  CHECK(message_of(R"({"type": "gated_residual", "dim": 4, "bias": true})") ==
        R"(gated_residual: unknown key `bias`; {"bias":true,"dim":4,"type":"gated_residual"}; the keys are dim, type)");
}

TEST_CASE("values of the wrong kind are named with what is wanted") {
  const auto dense_in = [](const std::string& value) {
    return message_of(R"({"type": "dense", "out": 4, "in": )" + value + "}");
  };
  for (const std::string value :
       {"0", "-3", "2.5", "2.0", "\"3\"", "true", "null", "[3]", "2147483649", "18446744073709551615"}) {
    CHECK(dense_in(value) == "dense: `in` must be a whole number from 1 to 2147483648; got " + value);
  }
  CHECK(message_of(R"({"type": "dropout", "p": "x"})") == R"(dropout: `p` must be a finite number; got "x")");
  CHECK(message_of(R"({"type": "dropout", "p": true})") == "dropout: `p` must be a finite number; got true");
  CHECK(message_of(R"({"type": "dense", "in": 1, "out": 1, "bias": 1})") ==
        "dense: `bias` must be true or false; got 1");
  CHECK(message_of(R"({"type": "activation", "kind": 7})") == "activation: `kind` must be a string; got 7");
  CHECK(message_of(R"({"type": "sequential", "layers": {"type": "dense"}})") ==
        R"(sequential: `layers` must be a list of layers; got {"type":"dense"})");
}

TEST_CASE("faults of layers inside of layers come through") {
  CHECK(message_of(R"({"type": "sequential", "layers": [[{"type": "activation"}]]})") ==
        R"(layer: a layer is described by an object; got [{"type":"activation"}]; write {"type": "dense", ...})");
  CHECK(
      message_of(R"({"type": "sequential", "layers": [{"type": "residual", "width": 2, "body": {"type": "dens"}}]})") ==
      "layer: there is no layer type `dens`; " + kKnown);
  CHECK(message_of(R"({"type": "residual", "width": 2})") ==
        R"(residual: the key `body` is missing; {"type":"residual","width":2})");
}

TEST_CASE("the steps of a block each need a name") {
  const std::string block = R"({"type": "block", "width": 2, "steps": )";
  CHECK(message_of(block + R"([{"type": "activation"}]})") ==
        R"(block: each layer of `steps` needs a `name`; got {"type":"activation"}; )"
        R"(write {"name": "attention", "type": ...})");
  CHECK(message_of(block + "[3]}") ==
        R"(block: each layer of `steps` needs a `name`; got 3; write {"name": "attention", "type": ...})");
  CHECK(message_of(block + "{}}") == "block: `steps` must be a list of layers; got {}");
  CHECK(message_of(block + R"([{"name": "f", "type": "activation", "extra": 1}]})") ==
        R"(activation: unknown key `extra`; {"extra":1,"type":"activation"}; the keys are kind, type)");
  CHECK(message_of(block + R"([{"name": "f", "type": "activation"}], "norm": "post", "postprocess": "dan"})")
            .find("block: `norm` has no meaning with preprocess and postprocess") == 0);
  CHECK(message_of(R"({"type": "block", "steps": [{"name": "f", "type": "activation"}]})")
            .find("block: the key `width` is missing") == 0);
}

TEST_CASE("names that a layer does not know are refused with those it knows") {
  CHECK(message_of(R"({"type": "activation", "kind": "rleu"})") ==
        "activation: there is no activation `rleu`; use one of none, relu, gelu, gelu_tanh, silu, tanh, sigmoid, "
        "softplus");
  CHECK(message_of(R"({"type": "residual", "norm": "before", "body": {"type": "activation"}})") ==
        "norm: there is no norm placement `before`; use pre, post, sandwich, parallel or none");
}

TEST_CASE("what a layer's own constructor refuses comes through") {
  CHECK(message_of(R"({"type": "dropout", "p": 1})") == "dropout: the probability is outside [0, 1); p = 1.000000");
  CHECK(message_of(R"({"type": "layer_norm", "width": 4, "eps": -1})") ==
        "layer_norm: the width must be at least 1 and eps not negative; width 4, eps -1");
  CHECK(message_of(R"({"type": "multi_head_attention", "d_model": 12, "heads": 5})") ==
        "multi_head_attention: d_model 12 is no multiple of 5 heads; use 4 or 6 heads, or set head_size");
}

TEST_CASE("sizes may be signed integers, as a program writes them") {
  Init init(1);
  // nlohmann gives an int the kind `integer`, a parsed 3 the kind `unsigned`.
  const auto layer = make_layer({{"type", "dense"}, {"in", 3}, {"out", 4}, {"bias", false}}, init);
  CHECK(parameter_count(*layer) == 12);
  CHECK_THROWS_WITH(make_layer({{"type", "dense"}, {"in", -1}, {"out", 4}}, init),
                    "dense: `in` must be a whole number from 1 to 2147483648; got -1");
}

TEST_CASE("bytes that are no UTF-8 do not hide what is wrong") {
  Init init(1);
  const std::string replaced = "\xEF\xBF\xBD";  // U+FFFD
  CHECK_THROWS_WITH(make_layer(nlohmann::json("\xff"), init), Catch::Contains("got \"" + replaced + "\""));
  CHECK_THROWS_WITH(make_layer({{"type", "dense"}, {"in", "\xff"}}, init),
                    "dense: `in` must be a whole number from 1 to 2147483648; got \"" + replaced + "\"");
  CHECK_THROWS_WITH(make_layer({{"type", "dropout"}, {"name", "\xff"}}, init),
                    Catch::Contains("dropout: the key `p` is missing; {\"name\":\"" + replaced + "\""));
}
