// The founding document's Keras class and a Keras layer with free widths, as TensorFlow.js computed them in float32
// (tests/reference/README.md), through MultiHeadAttention. Their arithmetic leaves 1e-5.
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "layers/multi_head_attention.h"
#include "tests/common/arrays.h"
#include "tests/parity/json_arrays.h"
#include "tests/parity/matching.h"

using namespace headlight;
using namespace headlight::parity;
using headlight::testing::difference;

namespace {

constexpr double kTolerance = 1e-5;

void check_founding(const std::string& what, const Array& actual, const Array& expected) {
  INFO(what);
  CHECK(difference(actual, expected, 0, kTolerance) == "");
}

/// A kernel (in, heads, size), or for the output projection (heads, size, out), as a matrix (in, out).
Array as_matrix(const Array& kernel, bool is_output) {
  const Shape& shape = kernel.shape();
  return is_output ? reshaped(kernel, {shape[0] * shape[1], shape[2]})
                   : reshaped(kernel, {shape[0], shape[1] * shape[2]});
}

}  // namespace

TEST_CASE("MultiHeadAttention equals the founding document's class: output, weights and every gradient") {
  // The document's names and ours.
  const std::map<std::string, std::string> names{{"wq", "query"}, {"wk", "key"}, {"wv", "value"}, {"wo", "output"}};
  const nlohmann::json file = reference_json("seed_attention.json");
  CHECK(file.at("cases").size() == 5);
  for (const nlohmann::json& c : file.at("cases")) {
    INFO(c.at("name"));
    Init init(1);
    MultiHeadAttention layer({.d_model = c.at("d_model"), .heads = c.at("num_heads")}, init);
    for (const auto& [theirs, ours] : names) {
      parameter_named(layer, ours + ".weight")
          .assign(transposed_copy(array_of(c.at("weights").at(theirs + ".kernel"))));
      parameter_named(layer, ours + ".bias").assign(array_of(c.at("weights").at(theirs + ".bias")));
    }
    const Tensor query(array_of(c.at("query")), true);
    const Tensor key(array_of(c.at("key")), true);
    const Tensor value(array_of(c.at("value")), true);
    const Mask mask = c.at("mask").is_null() ? Mask() : Mask::forbid(booleans_of(c.at("mask")));
    const AttentionOutput result = layer.attend(query, key, value, mask, {});
    check_founding("output", result.output.value(), array_of(c.at("output")));
    check_founding("weights", result.weights.value(), array_of(c.at("attention_weights")));
    result.output.backward(array_of(c.at("cotangent")));
    const nlohmann::json& gradients = c.at("gradients");
    check_founding("gradient of query", query.grad(), array_of(gradients.at("query")));
    check_founding("gradient of key", key.grad(), array_of(gradients.at("key")));
    check_founding("gradient of value", value.grad(), array_of(gradients.at("value")));
    for (const auto& [theirs, ours] : names) {
      check_founding("gradient of " + theirs + ".kernel", parameter_named(layer, ours + ".weight").grad(),
                     transposed_copy(array_of(gradients.at(theirs + ".kernel"))));
      check_founding("gradient of " + theirs + ".bias", parameter_named(layer, ours + ".bias").grad(),
                     array_of(gradients.at(theirs + ".bias")));
    }
  }
}

TEST_CASE("MultiHeadAttention equals a Keras layer with its own key, value and output widths") {
  const nlohmann::json file = reference_json("keras_attention.json");
  CHECK(file.at("cases").size() == 5);
  for (const nlohmann::json& c : file.at("cases")) {
    INFO(c.at("name"));
    const nlohmann::json& weights = c.at("weights");
    const Tensor query(array_of(c.at("query")));
    const Tensor value(array_of(c.at("value")));
    Init init(1);
    MultiHeadAttention layer({.d_model = query.extent(-1),
                              .heads = c.at("num_heads"),
                              .head_size = c.at("key_dim"),
                              .value_size = c.at("value_dim"),
                              .key_width = value.extent(-1),
                              .out_size = c.at("output_dim"),
                              .bias = weights.contains("query.bias")},
                             init);
    for (const NamedParameter& parameter : layer.parameters()) {
      const std::size_t dot = parameter.name.find('.');
      const std::string role = parameter.name.substr(0, dot);
      if (parameter.name.ends_with(".weight")) {
        const Array kernel = as_matrix(array_of(weights.at(role + ".kernel")), role == "output");
        parameter.tensor.assign(transposed_copy(kernel));
      } else {
        const Array bias = array_of(weights.at(role + ".bias"));
        parameter.tensor.assign(reshaped(bias, {bias.size()}));
      }
    }
    Mask mask;
    if (c.at("use_causal_mask").get<bool>()) mask = mask & Mask::causal();
    if (!c.at("attention_mask").is_null()) {
      Booleans visible = booleans_of(c.at("attention_mask"));  // (B, Tq, Tk), the same for every head
      visible.reshape(Shape{visible.shape()[0], 1, visible.shape()[1], visible.shape()[2]});
      mask = mask & Mask::allow(visible);
    }
    const AttentionOutput result = layer.attend(query, value, value, mask, {});
    check_founding("output", result.output.value(), array_of(c.at("output")));
    check_founding("weights", result.weights.value(), array_of(c.at("attention_scores")));
  }
}
