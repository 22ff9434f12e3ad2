#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/head_algebra.h"
#include "core/error.h"
#include "layers/multi_head_attention.h"
#include "layers/positions.h"
#include "tests/apps/inspect/matrices.h"
#include "tests/common/arrays.h"

using namespace headlight;
using namespace headlight::matrices;
using headlight::testing::at;
using headlight::testing::by_index;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

Array identity(std::size_t size) {
  return by_index({size, size}, [](const Index& i) { return i[0] == i[1] ? 1.0 : 0.0; });
}

HeadWeights drawn_head(std::size_t width, std::size_t size, std::size_t value_size, std::uint64_t seed) {
  return {.query = drawn({size, width}, -1, 1, seed),
          .key = drawn({size, width}, -1, 1, seed + 1),
          .value = drawn({value_size, width}, -1, 1, seed + 2),
          .output = drawn({width, value_size}, -1, 1, seed + 3),
          .query_bias = drawn({size}, -1, 1, seed + 4),
          .key_bias = drawn({size}, -1, 1, seed + 5),
          .value_bias = drawn({value_size}, -1, 1, seed + 6)};
}

const Tensor& parameter_of(const std::vector<NamedParameter>& parameters, const std::string& name) {
  for (const NamedParameter& parameter : parameters) {
    if (parameter.name == name) return parameter.tensor;
  }
  throw StateError("no parameter " + name);
}

}  // namespace

TEST_CASE("Heads are cut out of a layer: concatenated, grouped and summed") {
  Init init(3);
  MultiHeadAttention layer({.d_model = 6, .heads = 3, .head_size = 2, .value_size = 4, .key_width = 5}, init);
  const std::vector<NamedParameter> parameters = layer.parameters();
  for (const NamedParameter& parameter : parameters) {
    parameter.tensor.assign(drawn(parameter.tensor.shape(), -1, 1, parameter.name.size()));
  }
  const std::vector<HeadWeights> heads = head_weights(layer, "", {.heads = 3});
  REQUIRE(heads.size() == 3);
  const Array& query = parameter_of(parameters, "query.weight").value();
  const Array& output = parameter_of(parameters, "output.weight").value();
  const Array& bias = parameter_of(parameters, "value.bias").value();
  for (std::size_t h = 0; h < 3; ++h) {
    CHECK(heads[h].query.shape() == Shape{2, 6});
    CHECK(heads[h].key.shape() == Shape{2, 5});
    CHECK(heads[h].value.shape() == Shape{4, 5});
    CHECK(same_bytes(heads[h].query, by_index({2, 6}, [&](const Index& i) {
                       return at(query, {2 * h + i[0], i[1]});
                     })));
    CHECK(same_bytes(heads[h].output, by_index({6, 4}, [&](const Index& i) {
                       return at(output, {i[0], 4 * h + i[1]});
                     })));
    CHECK(same_bytes(heads[h].value_bias, by_index({4}, [&](const Index& i) { return at(bias, {4 * h + i[0]}); })));
  }
  CHECK_THROWS_AS(head_weights(layer, "", {.heads = 4}), ShapeError);
  CHECK_THROWS_AS(head_weights(layer, "", {.heads = 3, .kv_heads = 2}), ShapeError);
  CHECK_THROWS_AS(head_weights(layer, "", {.heads = 3, .sum_heads = true}), ShapeError);
  CHECK_THROWS_WITH(head_weights(layer, "other", {.heads = 3}), Catch::Contains("`other.output.weight`"));
}

TEST_CASE("Neighbouring heads share keys and values, and summed heads share the output projection") {
  struct Projections : Module {
    Projections(std::size_t query, std::size_t key, std::size_t output, Init& init) {
      child<Dense>("query", DenseOptions{.in = 4, .out = query, .bias = false}, init);
      child<Dense>("key", DenseOptions{.in = 4, .out = key, .bias = false}, init);
      child<Dense>("value", DenseOptions{.in = 4, .out = key, .bias = false}, init);
      child<Dense>("output", DenseOptions{.in = output, .out = 4, .bias = false}, init);
    }
  };
  Init init(4);
  const Projections grouped(8, 4, 8, init);
  const std::vector<HeadWeights> heads = head_weights(grouped, "", {.heads = 4, .kv_heads = 2});
  REQUIRE(heads.size() == 4);
  CHECK(same_bytes(heads[0].key, heads[1].key));
  CHECK(same_bytes(heads[2].value, heads[3].value));
  CHECK_FALSE(same_bytes(heads[1].key, heads[2].key));
  CHECK_FALSE(same_bytes(heads[0].query, heads[1].query));
  CHECK(same_bytes(heads[0].key_bias, zeros({2})));
  const Projections summed(8, 8, 2, init);
  const std::vector<HeadWeights> sums = head_weights(summed, "", {.heads = 4, .sum_heads = true});
  REQUIRE(sums.size() == 4);
  CHECK(same_bytes(sums[0].output, sums[3].output));
  CHECK(sums[0].output.shape() == Shape{4, 2});
}

TEST_CASE("QK scores and OV moves as the layer does") {
  const HeadWeights head = drawn_head(7, 3, 2, 50);
  const Array qk = dense(qk_circuit(head));
  const Array ov = dense(ov_circuit(head));
  CHECK(difference(qk, product(turned(head.query), head.key), 0, kProduct) == "");
  CHECK(difference(ov, product(head.output, head.value), 0, kProduct) == "");
}

TEST_CASE("An OV that copies has score 1, its negative -1, a turn by a right angle 0") {
  // W_O W_V = I on the head's space: every eigenvalue is 1.
  const std::size_t size = 4;
  HeadWeights head = drawn_head(size, size, size, 60);
  head.value = identity(size);
  head.output = identity(size);
  CHECK(eigen_signs(ov_circuit(head)).balance == 1);
  CHECK(eigen_signs(ov_circuit(head)).positive_share == 1);
  // Through one-hot embedding and unembedding as well, from a wider vocabulary too: the rank stays that of the head.
  CHECK(copying_score(head, identity(size), identity(size)).balance == 1);
  // W_U W_E^T with W_U = W_E is a Gram matrix, all of whose eigenvalues are positive.
  const Array embedding = drawn({9, size}, -1, 1, 61);
  const EigenSigns tied = copying_score(head, embedding, embedding);
  CHECK(std::abs(tied.balance - 1) <= 100 * kEpsilon);
  CHECK(tied.positive_share == 1);
  for (Real& value : flat(head.output)) value = -value;
  CHECK(eigen_signs(ov_circuit(head)).balance == -1);
  CHECK(eigen_signs(ov_circuit(head)).positive_share == 0);
  // Two turns by 90 degrees have eigenvalues +-i.
  head.output = by_index({size, size}, [](const Index& i) {
    return i[0] / 2 != i[1] / 2 || i[0] == i[1] ? 0.0 : i[0] < i[1] ? -1.0 : 1.0;
  });
  CHECK(std::abs(eigen_signs(ov_circuit(head)).balance) <= 100 * kEpsilon);
  // diag(3, 1, -2, 0): (3 + 1 - 2) / (3 + 1 + 2) = 1 / 3, and two of three eigenvalues that are not zero are positive.
  const std::vector<double> diagonal{3, 1, -2, 0};
  head.output = by_index({size, size}, [&](const Index& i) { return i[0] == i[1] ? diagonal[i[0]] : 0.0; });
  CHECK(std::abs(eigen_signs(ov_circuit(head)).balance - 1.0 / 3) <= 100 * kEpsilon);
  CHECK(eigen_signs(ov_circuit(head)).positive_share == Approx(2.0 / 3));
  head.output = zeros({size, size});
  CHECK(eigen_signs(ov_circuit(head)).balance == 0);
  CHECK(eigen_signs(ov_circuit(head)).positive_share == 0);
}

TEST_CASE("Composition scores equal their definition on dense matrices") {
  const HeadWeights later = drawn_head(12, 3, 4, 70);
  const HeadWeights earlier = drawn_head(12, 2, 5, 80);
  const Array qk = product(turned(later.query), later.key);
  const Array ov = product(later.output, later.value);
  const Array written = product(earlier.output, earlier.value);
  const CompositionScores scores = composition_scores(later, earlier);
  const double scale = frobenius(qk) * frobenius(written);
  const double rounding = 1e3 * kEpsilon;  // quotients of norms, each within a hundred roundings
  CHECK(std::abs(scores.query - frobenius(product(turned(qk), written)) / scale) <= rounding);
  CHECK(std::abs(scores.key - frobenius(product(qk, written)) / scale) <= rounding);
  CHECK(std::abs(scores.value - frobenius(product(ov, written)) / (frobenius(ov) * frobenius(written))) <= rounding);
}

TEST_CASE("A head composes with what it reads and with nothing else") {
  // The earlier head writes to coordinates 4..7; the later one takes its keys from there and the rest from 0..3. All
  // maps are permutations of rank 4, so |A B| = 2 and |A| |B| = 4 where they meet: score 1 / 2.
  const Array low = by_index({4, 8}, [](const Index& i) { return i[0] == i[1] ? 1.0 : 0.0; });
  const Array high = by_index({4, 8}, [](const Index& i) { return i[0] + 4 == i[1] ? 1.0 : 0.0; });
  const HeadWeights earlier{low, low, low, turned(high), zeros({4}), zeros({4}), zeros({4})};
  const HeadWeights later{low, high, low, turned(low), zeros({4}), zeros({4}), zeros({4})};
  const CompositionScores scores = composition_scores(later, earlier);
  CHECK(scores.query <= 100 * kEpsilon);
  CHECK(std::abs(scores.key - 0.5) <= 100 * kEpsilon);
  CHECK(scores.value <= 100 * kEpsilon);
  // Its query of token a meets the key that the earlier head made of token a: an induction head's matching.
  const Array embedding = by_index({4, 8}, [](const Index& i) { return i[0] == i[1] ? 1.0 : 0.0; });
  CHECK(difference(dense(between(embedding, key_composed_qk(later, earlier), embedding)), identity(4), 0, 0) == "");
  CHECK(prefix_matching_score(later, earlier, embedding).balance == 1);
  CHECK(prefix_matching_score(earlier, earlier, embedding).balance == 0);
}

TEST_CASE("A folded norm gives the same queries, keys and values up to the scale") {
  const std::size_t width = 6;
  const HeadWeights head = drawn_head(width, 3, 2, 90);
  const Array x = drawn({width, 1}, -2, 2, 91);
  double mean = 0;
  for (const Real value : flat(x)) mean += static_cast<double>(value) / static_cast<double>(width);
  for (const bool centered : {true, false}) {
    const FrozenNorm norm{.centered = centered,
                          .gain = drawn({width}, 0.5, 1.5, 92),
                          .bias = drawn({width}, -1, 1, 93)};
    const HeadWeights folded = fold_norm(head, norm);
    // With scale 1: W (gain (x - mean) + bias) + b.
    const Array normed = by_index({width, 1}, [&](const Index& i) {
      return at(*norm.gain, {i[0]}) * (at(x, {i[0], 0}) - (centered ? mean : 0)) + at(*norm.bias, {i[0]});
    });
    const auto check = [&](const Array& weight, const Array& bias, const Array& new_weight, const Array& new_bias) {
      const Array before = product(weight, normed);
      const Array after = product(new_weight, x);
      for (std::size_t i = 0; i < bias.size(); ++i) {
        CHECK(std::abs(at(before, {i, 0}) + at(bias, {i}) - at(after, {i, 0}) - at(new_bias, {i})) <= kProduct);
      }
    };
    check(head.query, head.query_bias, folded.query, folded.query_bias);
    check(head.key, head.key_bias, folded.key, folded.key_bias);
    check(head.value, head.value_bias, folded.value, folded.value_bias);
  }
  CHECK_THROWS_AS(fold_norm(head, FrozenNorm{.gain = zeros({5})}), ShapeError);
}

TEST_CASE("Positions alone: a previous-token head scores 1, one that knows no positions 1 / i") {
  // One-hot positions; W_Q maps e_i to 100 sqrt(D) e_(i-1), W_K is the identity: all mass on i - 1 up to exp(-100).
  const std::size_t time = 7;
  HeadWeights head = drawn_head(time, time, time, 95);
  const double sharpness = 100 * std::sqrt(static_cast<double>(time));
  head.query = by_index({time, time}, [&](const Index& i) { return i[0] + 1 == i[1] ? sharpness : 0.0; });
  head.key = identity(time);
  head.query_bias = zeros({time});
  head.key_bias = zeros({time});
  CHECK(std::abs(previous_token_score(head, identity(time), true) - 1) <= 10 * kEpsilon);
  CHECK(std::abs(previous_token_score(head, identity(time), false) - 1) <= 10 * kEpsilon);
  head.query = zeros({time, time});
  double harmonic = 0;  // row i sees i + 1 keys alike
  for (std::size_t i = 1; i < time; ++i) harmonic += 1.0 / static_cast<double>(i + 1) / static_cast<double>(time - 1);
  CHECK(std::abs(previous_token_score(head, identity(time), true) - harmonic) <= 10 * kEpsilon);
  CHECK_THROWS_AS(previous_token_score(head, zeros({1, time}), true), ShapeError);
  CHECK_THROWS_AS(previous_token_score(head, zeros({4, time + 1}), true), ShapeError);
}

TEST_CASE("Positional attention equals the layer's weights on positions as its input") {
  Init init(9);
  const std::size_t time = 5, width = 8;
  MultiHeadAttention layer({.d_model = width, .heads = 2}, init);
  for (const NamedParameter& parameter : layer.parameters()) {
    parameter.tensor.assign(drawn(parameter.tensor.shape(), -0.5, 0.5, parameter.name.size() + 100));
  }
  const Array positions = sinusoidal_table(time, width);
  const Tensor x(reshaped(positions, {1, time, width}));
  for (const bool causal : {true, false}) {
    const Array weights = layer.attend(x, x, x, causal ? Mask::causal() : Mask(), {}).weights.value();
    const std::vector<HeadWeights> heads = head_weights(layer, "", {.heads = 2});
    for (std::size_t h = 0; h < 2; ++h) {
      const Array expected = by_index({time, time}, [&](const Index& i) { return at(weights, {0, h, i[0], i[1]}); });
      CHECK(difference(positional_attention(heads[h], positions, causal), expected, 0, 1e3 * kEpsilon) == "");
    }
  }
}
