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
    "the types are activation, batch_norm, block, conv1d, dense, dropout, feed_forward, gated_residual, layer_norm, "
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
  CHECK(message_of("3") == "a layer is described by an object, not 3; write {\"type\": \"dense\", ...}");
  CHECK(message_of("{}") == "type: a layer without the key `type`; " + kKnown);
  CHECK(message_of(R"({"type": 3})") == "type: `type` must be the name of a layer, not 3; " + kKnown);
  CHECK(message_of(R"({"type": "zebra"})") == "type: there is no layer type `zebra`; " + kKnown);
}

TEST_CASE("values of the wrong kind are named with what is wanted") {
  const auto dense_in = [](const std::string& value) {
    return message_of(R"({"type": "dense", "out": 4, "in": )" + value + "}");
  };
  for (const std::string value :
       {"0", "-3", "2.5", "2.0", "\"3\"", "true", "null", "2147483649", "18446744073709551615"}) {
    CHECK(dense_in(value) == "in: `in` must be a whole number from 1 to 2147483648, not " + value +
                                 "; correct it in a layer of type dense");
  }
}

TEST_CASE("the steps of a block are named, or called by their places") {
  const std::string block = R"({"type": "block", "width": 4, "norm": "none", "steps": )";
  const auto layer = make(block + R"([{"type": "dense", "in": 4, "out": 4},
                                      {"name": "f", "type": "dense", "in": 4, "out": 4}]})");
  CHECK(layer->parameters().at(0).name == "0.weight");
  CHECK(layer->parameters().at(2).name == "f.weight");
  CHECK_THAT(message_of(block + R"([{"name": "f", "type": "activation"}], "postprocess": "dan"})"),
             Catch::Contains("`norm` has no meaning with preprocess and postprocess"));
}

TEST_CASE("what a layer's own constructor refuses comes through") {
  CHECK(message_of(R"({"type": "multi_head_attention", "d_model": 12, "heads": 5})") ==
        "multi_head_attention: d_model 12 is no multiple of 5 heads; use 4 or 6 heads, or set head_size");
}

TEST_CASE("sizes may be signed integers, as a program writes them") {
  Init init(1);
  // nlohmann gives an int the kind `integer`, a parsed 3 the kind `unsigned`.
  const auto layer = make_layer({{"type", "dense"}, {"in", 3}, {"out", 4}, {"bias", false}}, init);
  CHECK(parameter_count(*layer) == 12);
  CHECK_THROWS_WITH(make_layer({{"type", "dense"}, {"in", -1}, {"out", 4}}, init), Catch::Contains("not -1"));
}

TEST_CASE("bytes that are no UTF-8 do not hide what is wrong") {
  Init init(1);
  const std::string replaced = "\xEF\xBF\xBD";  // U+FFFD
  CHECK_THROWS_WITH(make_layer(nlohmann::json("\xff"), init), Catch::Contains("not \"" + replaced + "\""));
  CHECK_THROWS_WITH(make_layer({{"type", "dense"}, {"in", "\xff"}}, init), Catch::Contains("not \"" + replaced + "\""));
  CHECK_THROWS_WITH(make_layer({{"type", "dropout"}, {"p", 0}, {"\xff", 1}}, init),
                    Catch::Contains("unknown key `" + replaced + "`"));
}
