#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/attribution.h"
#include "autograd/ops/arithmetic.h"
#include "core/error.h"
#include "layers/dense.h"
#include "layers/feed_forward.h"
#include "layers/layer_norm.h"
#include "layers/multi_head_attention.h"
#include "tests/apps/inspect/matrices.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::matrices::kEpsilon;
using headlight::testing::at;
using headlight::testing::by_index;
using headlight::testing::difference;
using headlight::testing::drawn;
using headlight::testing::tokens;

namespace {

using Index = std::vector<std::size_t>;

// Sums of some hundred products of numbers of size about 1, rounded in another order.
constexpr double kRounding = 2e3 * kEpsilon;

void draw(const Module& module, std::uint64_t seed) {
  for (const NamedParameter& parameter : module.parameters()) {
    parameter.tensor.assign(drawn(parameter.tensor.shape(), -0.7, 0.7, ++seed));
  }
}

Tensor parameter_of(const Module& module, const std::string& name) {
  for (const NamedParameter& parameter : module.parameters()) {
    if (parameter.name == name) return parameter.tensor;
  }
  throw StateError("no parameter " + name);
}

Array value_of(const Module& module, const std::string& name) { return parameter_of(module, name).value(); }

/// Adds a vector to each row.
Array plus_bias(Array rows, const Array& bias) {
  for (std::size_t i = 0; i < rows.size(); ++i) rows.data()[i] += bias.data()[i % bias.size()];
  return rows;
}

Array sum_over_heads(const Array& contributions) {
  const Shape& s = contributions.shape();
  return by_index({s[0], s[2], s[3]}, [&](const Index& i) {
    double sum = 0;
    for (std::size_t h = 0; h < s[1]; ++h) sum += at(contributions, {i[0], h, i[1], i[2]});
    return sum;
  });
}

}  // namespace

TEST_CASE("Contributions of heads and the output bias add up to the layer's output") {
  std::uint64_t seed = 0;
  for (const std::size_t heads : Index{1, 2, 4}) {
    for (const std::size_t value_size : Index{0, 1, 5}) {
      Init init(1);
      MultiHeadAttention layer({.d_model = 8, .heads = heads, .value_size = value_size, .out_size = 6}, init);
      draw(layer, seed += 100);
      const Tensor x(drawn({3, 5, 8}, -1, 1, seed));
      const AttentionOutput result = layer.attend(x, x, x, Mask::causal(), {});
      const Array each = head_contributions(result.heads.value(), value_of(layer, "output.weight"), {.heads = heads});
      CHECK(each.shape() == Shape{3, heads, 5, 6});
      const Array sum = plus_bias(sum_over_heads(each), value_of(layer, "output.bias"));
      CHECK(difference(sum, result.output.value(), 0, kRounding) == "");
    }
  }
}

TEST_CASE("Summed heads contribute through one common projection") {
  // Definition: W_O (sum_h z_h) is the sum of W_O z_h.
  const Array z = drawn({2, 3, 8}, -1, 1, 1);
  const Array weight = drawn({5, 2}, -1, 1, 2);
  const Array each = head_contributions(z, weight, {.heads = 4, .sum_heads = true});
  const Array expected = by_index({2, 4, 3, 5}, [&](const Index& i) {
    return at(z, {i[0], i[2], 2 * i[1]}) * at(weight, {i[3], 0}) +
           at(z, {i[0], i[2], 2 * i[1] + 1}) * at(weight, {i[3], 1});
  });
  CHECK(difference(each, expected, 0, kRounding) == "");
  CHECK_THROWS_AS(head_contributions(z, weight, {.heads = 4}), ShapeError);
  CHECK_THROWS_AS(head_contributions(z, weight, {.heads = 3, .sum_heads = true}), ShapeError);
}

TEST_CASE("The parts of a pre-norm model add up to its logits, head by head") {
  // Two attention layers and a feed-forward layer between embedding and head, put together from layers so that every
  // part is at hand; the logits are those of the ordinary forward pass.
  const std::size_t width = 8, classes = 7, time = 6, batch = 2;
  Init init(5);
  LayerNorm norm_a(width, init), norm_b(width, init), norm_f(width, init), final_norm(width, init);
  MultiHeadAttention attention_a({.d_model = width, .heads = 2}, init);
  MultiHeadAttention attention_b({.d_model = width, .heads = 4, .bias = false}, init);
  FeedForward feed_forward({.d_model = width, .d_ff = 16}, init);
  Dense head(width, classes, init);
  std::uint64_t seed = 0;
  for (const Module* module : std::vector<const Module*>{&norm_a, &norm_b, &norm_f, &final_norm, &attention_a,
                                                         &attention_b, &feed_forward, &head}) {
    draw(*module, seed += 50);
  }
  const Tensor embedded(drawn({batch, time, width}, -1, 1, 7));
  const Array positions = drawn({time, width}, -1, 1, 8);
  Tensor x = embedded + Tensor(positions);
  std::vector<ResidualPart> parts{{"embedding", embedded.value()}, {"positions", positions}};
  const auto attend = [&](MultiHeadAttention& layer, LayerNorm& norm, const std::string& path,
                          const std::optional<Array>& bias) {
    const Tensor normed = norm(x, {});
    const AttentionOutput result = layer.attend(normed, normed, normed, Mask::causal(), {});
    const Array each =
        head_contributions(result.heads.value(), value_of(layer, "output.weight"), {.heads = layer.heads()});
    for (ResidualPart& part : attention_parts(path, each, bias)) parts.push_back(std::move(part));
    x = x + result.output;
  };
  attend(attention_a, norm_a, "a", value_of(attention_a, "output.bias"));
  const Tensor added = feed_forward(norm_f(x, {}), {});
  parts.push_back({"feed_forward", added.value()});
  x = x + added;
  attend(attention_b, norm_b, "b", {});
  const Array logits = head(final_norm(x, {}), {}).value();

  const FrozenNorm frozen{.gain = value_of(final_norm, "gain"), .bias = value_of(final_norm, "bias")};
  const Unembedding unembedding{value_of(head, "weight"), value_of(head, "bias")};
  const Tokens targets = tokens({batch, time}, {0, 1, 2, 3, 4, 5, 6, 5, 4, 3, -1, 1});
  const Tokens others = tokens({batch, time}, {1, 2, 3, 4, 5, 6, 0, 6, 0, 2, 1, 3});
  const LogitAttribution result = attribute_logits(parts, frozen, unembedding, targets);
  CHECK(result.parts == std::vector<std::string>{"embedding", "positions", "a.head.0", "a.head.1", "a.output.bias",
                                                 "feed_forward", "b.head.0", "b.head.1", "b.head.2", "b.head.3",
                                                 "final_norm.bias", "head.bias"});
  CHECK(result.contributions.shape() == Shape{batch, time, 12});
  const LogitAttribution versus = attribute_logits(parts, frozen, unembedding, targets, &others);
  for (std::size_t b = 0; b < batch; ++b) {
    for (std::size_t t = 0; t < time; ++t) {
      INFO("position " << b << ", " << t);
      const std::int32_t target = targets.data()[b * time + t];
      const auto other = static_cast<std::size_t>(others.data()[b * time + t]);
      double sum = 0;
      for (std::size_t p = 0; p < 12; ++p) sum += at(result.contributions, {b, t, p});
      const double expected = target < 0 ? 0 : at(logits, {b, t, static_cast<std::size_t>(target)});
      CHECK(std::abs(sum - expected) <= kRounding);
      CHECK(std::abs(at(result.logits, {b, t}) - expected) <= kRounding);
      const double gap = target < 0 ? 0 : expected - at(logits, {b, t, other});
      CHECK(std::abs(at(versus.logits, {b, t}) - gap) <= kRounding);
    }
  }
}

TEST_CASE("Without a norm a part's contribution is its product with the target's row") {
  const Array first = drawn({1, 2, 3}, -1, 1, 1);
  const Array second = drawn({3}, -1, 1, 2);
  const Array weight = drawn({4, 3}, -1, 1, 3);
  const LogitAttribution result =
      attribute_logits({{"x", first}, {"c", second}}, {}, {weight, {}}, tokens({1, 2}, {3, 1}));
  CHECK(result.parts == std::vector<std::string>{"x", "c"});
  const Array expected = by_index({1, 2, 2}, [&](const Index& i) {
    const std::size_t target = i[1] == 0 ? 3 : 1;
    double sum = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      sum += at(weight, {target, c}) * (i[2] == 0 ? at(first, {0, i[1], c}) : at(second, {c}));
    }
    return sum;
  });
  CHECK(difference(result.contributions, expected, 0, kRounding) == "");
}

TEST_CASE("An RMS norm is frozen without centring") {
  // By hand: x = (3, 4), mean square 12.5, gain (2, 1), target row (1, 1): (6 + 4) / sqrt(12.5).
  const Array x = reshaped(by_index({2}, [](const Index& i) { return i[0] == 0 ? 3.0 : 4.0; }), {1, 1, 2});
  const FrozenNorm norm{.centered = false,
                        .gain = by_index({2}, [](const Index& i) { return i[0] == 0 ? 2.0 : 1.0; }),
                        .eps = 0};
  const LogitAttribution result = attribute_logits({{"x", x}}, norm, {full({1, 2}, 1), {}}, tokens({1, 1}, {0}));
  CHECK(std::abs(at(result.logits, {0, 0}) - 10 / std::sqrt(12.5)) <= 10 * kEpsilon);
}

TEST_CASE("Parts, targets and weights that do not fit are refused") {
  const Array x = zeros({1, 2, 3});
  const Unembedding head{zeros({4, 3}), {}};
  const Tokens targets = tokens({1, 2}, {0, 1});
  CHECK_THROWS_WITH(attribute_logits({{"odd", zeros({1, 3, 3})}}, {}, head, targets), Catch::Contains("`odd`"));
  CHECK_THROWS_AS(attribute_logits({{"x", x}}, {}, head, tokens({1, 2}, {0, 4})), ShapeError);
  CHECK_THROWS_AS(attribute_logits({{"x", x}}, {}, head, tokens({2}, {0, 1})), ShapeError);
  CHECK_THROWS_AS(attribute_logits({{"x", x}}, {}, {zeros({4, 3}), zeros({3})}, targets), ShapeError);
  CHECK_THROWS_AS(attribute_logits({{"x", x}}, FrozenNorm{.gain = zeros({2})}, head, targets), ShapeError);
  const Tokens short_others = tokens({1, 1}, {0});
  CHECK_THROWS_AS(attribute_logits({{"x", x}}, {}, head, targets, &short_others), ShapeError);
  CHECK_THROWS_AS(attention_parts("a", x, {}), ShapeError);
}
