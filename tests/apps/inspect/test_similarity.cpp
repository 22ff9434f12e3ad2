// The cosine of maps, by hand.
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/similarity.h"

using namespace headlight;

namespace {

AttentionWeights square_layer(std::size_t heads, std::size_t size, std::vector<float> weights) {
  return {.batch = 1, .heads = heads, .queries = size, .keys = size, .weights = std::move(weights)};
}

}  // namespace

TEST_CASE("Similarity is the cosine of flattened maps, between heads of one shape alone") {
  // Flattened: (1, 0, 0, 1), (0, 1, 1, 0), (1, 0, 1, 0); then a head of another shape.
  const std::vector<AttentionWeights> layers{square_layer(2, 2, {1, 0, 0, 1, 0, 1, 1, 0}),
                                             square_layer(1, 2, {1, 0, 1, 0}), square_layer(1, 1, {1})};
  const std::vector<float> similarity = head_similarity(layers);
  REQUIRE(similarity.size() == 16);
  const auto at = [&](std::size_t i, std::size_t j) { return similarity[i * 4 + j]; };
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(at(i, i) == 1);
    if (i < 3) CHECK(std::isnan(at(i, 3)));
  }
  CHECK(at(0, 1) == 0);
  CHECK(at(0, 2) == Approx(0.5));  // 1 / (sqrt 2 sqrt 2)
  CHECK(at(2, 1) == Approx(0.5));
  CHECK(at(1, 2) == at(2, 1));
}

TEST_CASE("Similarity leaves padding out, and knows none of a map without weights") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<AttentionWeights> layers{square_layer(3, 2, {1, 0, 0.5F, 0.5F, 1, 0, nan, nan, 0, 0, 0, 0})};
  CHECK(std::isnan(head_similarity(layers)[1]));
  layers[0].real_queries = {1};
  const std::vector<float> similarity = head_similarity(layers);
  CHECK(similarity[1] == 1);
  CHECK(std::isnan(similarity[2]));
  CHECK(std::isnan(similarity[8]));
}
