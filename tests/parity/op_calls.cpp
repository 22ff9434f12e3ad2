#include "tests/parity/op_calls.h"

#include <algorithm>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "autograd/ops.h"
#include "layers/activation.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {
namespace {

using Inputs = std::vector<Tensor>;

Real real(const FixtureCase& c, const char* key) { return static_cast<Real>(c.attributes().at(key).get<double>()); }

std::ptrdiff_t axis(const FixtureCase& c) { return c.attributes().at("axis").get<std::ptrdiff_t>(); }

Shape shape(const FixtureCase& c) {
  const auto extents = c.attributes().at("shape").get<std::vector<std::size_t>>();
  return Shape(extents.begin(), extents.end());
}

std::vector<std::ptrdiff_t> axes(const FixtureCase& c) {
  const nlohmann::json& value = c.attributes().at("axes");
  return value.is_null() ? std::vector<std::ptrdiff_t>{} : value.get<std::vector<std::ptrdiff_t>>();
}

ReduceOptions reduction(const FixtureCase& c) {
  return {.axes = axes(c), .keep_dims = c.attributes().at("keepdim").get<bool>()};
}

template <Tensor (*f)(const Tensor&)>
OpCall unary() {
  return [](const FixtureCase&, const Inputs& x) -> Inputs { return {f(x.at(0))}; };
}

template <Tensor (*f)(const Tensor&, const Tensor&)>
OpCall binary() {
  return [](const FixtureCase&, const Inputs& x) -> Inputs { return {f(x.at(0), x.at(1))}; };
}

template <Tensor (*f)(const Tensor&, const ReduceOptions&)>
OpCall reducing() {
  return [](const FixtureCase& c, const Inputs& x) -> Inputs { return {f(x.at(0), reduction(c))}; };
}

Inputs call_matmul(const FixtureCase& c, const Inputs& x) {
  return {matmul(x.at(0), x.at(1),
                 {.transpose_a = c.attributes().at("transpose_a").get<bool>(),
                  .transpose_b = c.attributes().at("transpose_b").get<bool>()})};
}

Inputs call_linear(const FixtureCase& c, const Inputs& x) {
  return {linear(x.at(0), x.at(1), x.size() > 2 ? x[2] : Tensor(),
                 activation_of(c.attributes().at("activation").get<std::string>()))};
}

Inputs call_conv1d(const FixtureCase& c, const Inputs& x) {
  return {conv1d(x.at(0), x.at(1), x.size() > 2 ? x[2] : Tensor(),
                 {.stride = c.attributes().at("stride").get<std::size_t>(),
                  .dilation = c.attributes().at("dilation").get<std::size_t>(),
                  .pad_left = c.attributes().at("padding_left").get<std::size_t>(),
                  .pad_right = c.attributes().at("padding_right").get<std::size_t>()})};
}

Inputs call_var(const FixtureCase& c, const Inputs& x) {
  return {var(x.at(0), {.axes = axes(c),
                        .keep_dims = c.attributes().at("keepdim").get<bool>(),
                        .unbiased = c.attributes().at("unbiased").get<bool>()})};
}

Inputs call_cross_entropy(const FixtureCase& c, const Inputs& x) {
  CrossEntropyOptions options{.label_smoothing = c.attributes().at("label_smoothing").get<double>(),
                              .reduction = c.attributes().at("reduction") == "sum" ? Reduction::sum : Reduction::mean};
  if (const nlohmann::json& ignored = c.attributes().at("ignore_index"); !ignored.is_null()) {
    options.ignore_index = ignored.get<std::int32_t>();
  }
  if (c.attributes().at("weighted").get<bool>()) options.weights = x.at(2).value();
  return {cross_entropy(x.at(0), c.tokens("input.1"), options)};
}

/// Whole slices by gather(): each index is repeated over the other axes.
Inputs call_index_select(const FixtureCase& c, const Inputs& x) {
  const Tokens picked = c.tokens("input.1");
  const auto along =
      axis(c) < 0 ? x.at(0).rank() - static_cast<std::size_t>(-axis(c)) : static_cast<std::size_t>(axis(c));
  Shape extents = x[0].shape();
  extents[along] = picked.size();
  std::size_t inner = 1;
  for (std::size_t i = along + 1; i < extents.size(); ++i) inner *= extents[i];
  Tokens index(extents);
  for (std::size_t i = 0; i < index.size(); ++i) index.data()[i] = picked.data()[i / inner % picked.size()];
  return {gather(x[0], axis(c), index)};
}

Inputs call_split(const FixtureCase& c, const Inputs& x) {
  return split(x.at(0), c.attributes().at("sizes").get<std::vector<std::size_t>>(), axis(c));
}

Inputs call_slice(const FixtureCase& c, const Inputs& x) {
  return {slice(x.at(0), {.axis = axis(c),
                          .begin = c.attributes().at("start").get<std::ptrdiff_t>(),
                          .end = c.attributes().at("stop").get<std::ptrdiff_t>()})};
}

Inputs call_pad(const FixtureCase& c, const Inputs& x) {
  std::vector<Padding> padding;
  for (const nlohmann::json& pair : c.attributes().at("padding")) padding.push_back({pair.at(0), pair.at(1)});
  return {pad(x.at(0), padding, real(c, "value"))};
}

/// (B, H, T, D) -> (B, T, H D), the layout of attention(), and back.
Tensor side_by_side(const Tensor& x) {
  return reshape(transpose(x, {0, 2, 1, 3}), {x.extent(0), x.extent(2), x.extent(1) * x.extent(3)});
}

Tensor head_by_head(const Tensor& x, std::size_t heads) {
  return transpose(reshape(x, {x.extent(0), x.extent(1), heads, x.extent(2) / heads}), {0, 2, 1, 3});
}

Inputs call_attention(const FixtureCase& c, const Inputs& x) {
  const std::size_t heads = x.at(0).extent(1);
  AttentionOptions options{.heads = heads, .scale = real(c, "scale")};
  const std::string mask = c.attributes().at("mask");
  if (mask == "causal") options.mask = Mask::causal();
  if (mask == "allow") options.mask = Mask::allow(truth(c.tokens("input.3")));
  if (mask == "bias") options.mask = Mask::bias(x.at(3).value());
  const AttentionResult result =
      attention(side_by_side(x.at(0)), side_by_side(x.at(1)), side_by_side(x.at(2)), options);
  return {head_by_head(result.output, heads), result.weights};
}

}  // namespace

Booleans truth(const Tokens& values) {
  Booleans all(values.shape());
  std::transform(values.data(), values.data() + values.size(), all.data(),
                 [](std::int32_t value) { return static_cast<std::uint8_t>(value != 0); });
  return all;
}

std::vector<Tensor> attention_with_learned_bias(const FixtureCase& c, const std::vector<Tensor>& x) {
  const Tensor scores = matmul(x.at(0), x.at(1), {.transpose_b = true}) * real(c, "scale") + x.at(3);
  const Tensor weights = softmax(scores);
  return {matmul(weights, x.at(2)), weights};
}

const std::map<std::string, OpCall>& op_calls() {
  static const std::map<std::string, OpCall> calls = {
      {"abs", unary<abs>()},
      {"add", binary<add>()},
      {"attention", call_attention},
      {"broadcast_to",
       [](const FixtureCase& c, const Inputs& x) -> Inputs { return {broadcast_to(x.at(0), shape(c))}; }},
      {"clamp",
       [](const FixtureCase& c, const Inputs& x) -> Inputs {
         return {clamp(x.at(0), real(c, "low"), real(c, "high"))};
       }},
      {"concat", [](const FixtureCase& c, const Inputs& x) -> Inputs { return {concat(x, axis(c))}; }},
      {"conv1d", call_conv1d},
      {"cross_entropy", call_cross_entropy},
      {"div", binary<div>()},
      {"embedding",
       [](const FixtureCase& c, const Inputs& x) -> Inputs { return {embedding(x.at(0), c.tokens("input.1"))}; }},
      {"exp", unary<exp>()},
      {"gather",
       [](const FixtureCase& c, const Inputs& x) -> Inputs { return {gather(x.at(0), axis(c), c.tokens("input.1"))}; }},
      {"gelu", unary<gelu>()},
      {"gelu_tanh", unary<gelu_tanh>()},
      {"index_select", call_index_select},
      {"layer_norm",
       [](const FixtureCase& c, const Inputs& x) -> Inputs {
         return {layer_norm(x.at(0), x.at(1), x.at(2), real(c, "eps"))};
       }},
      {"linear", call_linear},
      {"log", unary<log>()},
      {"log_softmax", [](const FixtureCase& c, const Inputs& x) -> Inputs { return {log_softmax(x.at(0), axis(c))}; }},
      {"logsumexp", reducing<logsumexp>()},
      {"matmul", call_matmul},
      {"max", reducing<max>()},
      {"maximum", binary<maximum>()},
      {"mean", reducing<mean>()},
      {"minimum", binary<minimum>()},
      {"mse", [](const FixtureCase&, const Inputs& x) -> Inputs { return {mse(x.at(0), x.at(1))}; }},
      {"mul", binary<mul>()},
      {"neg", unary<neg>()},
      {"normalize",
       [](const FixtureCase& c, const Inputs& x) -> Inputs { return {normalize(x.at(0), real(c, "eps"))}; }},
      {"pad", call_pad},
      {"pow", binary<pow>()},
      {"pow_scalar",
       [](const FixtureCase& c, const Inputs& x) -> Inputs { return {pow(x.at(0), real(c, "exponent"))}; }},
      {"relu", unary<relu>()},
      {"reshape", [](const FixtureCase& c, const Inputs& x) -> Inputs { return {reshape(x.at(0), shape(c))}; }},
      {"rms_normalize",
       [](const FixtureCase& c, const Inputs& x) -> Inputs { return {rms_normalize(x.at(0), real(c, "eps"))}; }},
      {"sigmoid", unary<sigmoid>()},
      {"silu", unary<silu>()},
      {"slice", call_slice},
      {"softmax", [](const FixtureCase& c, const Inputs& x) -> Inputs { return {softmax(x.at(0), axis(c))}; }},
      {"softplus", unary<softplus>()},
      {"split", call_split},
      {"sqrt", unary<sqrt>()},
      {"sub", binary<sub>()},
      {"sum", reducing<sum>()},
      {"tanh", unary<tanh>()},
      {"transpose", [](const FixtureCase& c, const Inputs& x) -> Inputs { return {transpose(x.at(0), axes(c))}; }},
      {"var", call_var},
      {"where",
       [](const FixtureCase& c, const Inputs& x) -> Inputs {
         return {where(Condition(c.tokens("input.0")), x.at(1), x.at(2))};
       }},
  };
  return calls;
}

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
