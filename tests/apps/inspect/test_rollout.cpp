#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/rollout.h"
#include "core/error.h"

using namespace headlight;

namespace {

/// One batch member unless said otherwise; `weights` (B, H, T, T).
AttentionWeights layer(std::size_t heads, std::size_t time, std::vector<float> weights, std::size_t batch = 1) {
  return {.path = "layers.0.attention",
          .batch = batch,
          .heads = heads,
          .queries = time,
          .keys = time,
          .weights = std::move(weights)};
}

AttentionWeights uniform(std::size_t heads, std::size_t time) {
  return layer(heads, time, std::vector<float>(heads * time * time, 1.0F / static_cast<float>(time)));
}

// Results are doubles rounded to float once, so half an ulp of a number up to 1, and the weights given are floats.
constexpr double kTolerance = 1e-6;

void check_map(const AttentionWeights& rolled, const std::vector<double>& expected) {
  REQUIRE(rolled.weights.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("element " << i);
    CHECK(std::abs(static_cast<double>(rolled.weights[i]) - expected[i]) <= kTolerance);
  }
}

}  // namespace

TEST_CASE("Rollout of uniform attention is known: identity and average mix") {
  // U = 1 1^T / T is a projection, so (I / 2 + U / 2)^n = I / 2^n + (1 - 1 / 2^n) U.
  const std::size_t time = 4;
  const std::vector<AttentionWeights> rolled = rollout({uniform(2, time), uniform(3, time), uniform(1, time)});
  REQUIRE(rolled.size() == 3);
  for (std::size_t depth = 1; depth <= 3; ++depth) {
    const double kept = std::pow(0.5, static_cast<double>(depth));
    std::vector<double> expected(time * time, (1 - kept) / static_cast<double>(time));
    for (std::size_t i = 0; i < time; ++i) expected[i * time + i] += kept;
    check_map(rolled[depth - 1], expected);
    CHECK(rolled[depth - 1].heads == 1);
    CHECK(rolled[depth - 1].path == "layers.0.attention");
  }
}

TEST_CASE("Without a residual share two shifts move two positions") {
  // A previous-token head twice: row i reads i - 2; the first row reads itself.
  const std::vector<float> shift{1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
  const std::vector<AttentionWeights> rolled = rollout({layer(1, 4, shift), layer(1, 4, shift)}, {.residual = 0});
  check_map(rolled[1], {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0});
}

TEST_CASE("Heads are averaged, batch members kept apart, rows normalised") {
  // Two heads that read opposite ends: the mean is uniform. The second member has one empty row and one of mass 1/2.
  const std::vector<float> weights{1,    0, 1, 0, 0,    1, 0, 1,   // member 0: heads 0 and 1
                                   0.5F, 0, 0, 0, 0.5F, 0, 0, 0};  // member 1
  const std::vector<AttentionWeights> rolled = rollout({layer(2, 2, weights, 2)});
  check_map(rolled[0], {0.75, 0.25, 0.25, 0.75,  // I / 2 + 1/4
                        1, 0, 0, 1});            // (0.25 + 0.5) / 0.75, and the empty row passes itself on
}

TEST_CASE("Rollout equals the product of the paper's matrices, written out") {
  // Abnar & Zuidema 2020, section 3: A~(l) = A(l) A~(l-1), A = 0.5 W_att + 0.5 I, in double by brute force.
  std::mt19937_64 engine(5);
  const std::size_t time = 6, heads = 3, depth = 4;
  std::vector<AttentionWeights> layers;
  std::vector<double> expected(time * time, 0);
  for (std::size_t i = 0; i < time; ++i) expected[i * time + i] = 1;
  for (std::size_t l = 0; l < depth; ++l) {
    std::vector<float> weights(heads * time * time);
    for (std::size_t row = 0; row < heads * time; ++row) {
      float sum = 0;
      for (std::size_t j = 0; j < time; ++j) sum += weights[row * time + j] = static_cast<float>(engine() % 1000 + 1);
      for (std::size_t j = 0; j < time; ++j) weights[row * time + j] /= sum;
    }
    std::vector<double> next(time * time, 0);
    for (std::size_t i = 0; i < time; ++i) {
      for (std::size_t j = 0; j < time; ++j) {
        for (std::size_t k = 0; k < time; ++k) {
          double mixed = i == k ? 0.5 : 0;
          for (std::size_t h = 0; h < heads; ++h) {
            mixed += 0.5 / static_cast<double>(heads) * static_cast<double>(weights[(h * time + i) * time + k]);
          }
          next[i * time + j] += mixed * expected[k * time + j];
        }
      }
    }
    expected = next;
    layers.push_back(layer(heads, time, weights));
  }
  check_map(rollout(layers).back(), expected);
}

TEST_CASE("Rollout refuses what is no stack of self-attention") {
  AttentionWeights cross = uniform(1, 3);
  cross.keys = 4;
  CHECK_THROWS_AS(rollout({cross}), ShapeError);
  CHECK_THROWS_AS(rollout({uniform(1, 3), uniform(1, 4)}), ShapeError);
  CHECK_THROWS_AS(rollout({uniform(1, 3)}, {.residual = 1}), ConfigError);
  CHECK_THROWS_AS(rollout({uniform(1, 3)}, {.residual = -0.1}), ConfigError);
  CHECK(rollout({}).empty());
}
