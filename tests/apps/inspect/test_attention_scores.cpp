#include <catch2/catch.hpp>

#include "apps/inspect/attention_scores.h"
#include "core/error.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;

namespace {

/// Two sequences, two heads, T = 4. Head 0: the exact anti-diagonal in the first sequence, uniform in the second.
/// Head 1: the previous token, and the first one reads itself, in both.
AttentionWeights two_heads() {
  AttentionWeights weights{.path = "layers.0.attention", .batch = 2, .heads = 2, .queries = 4, .keys = 4};
  weights.weights.assign(std::size_t{2} * 2 * 4 * 4, 0.0F);
  const auto cell = [&](std::size_t member, std::size_t head, std::size_t query, std::size_t key) -> float& {
    return weights.weights[((member * 2 + head) * 4 + query) * 4 + key];
  };
  for (std::size_t query = 0; query < 4; ++query) {
    cell(0, 0, query, 3 - query) = 1;
    for (std::size_t key = 0; key < 4; ++key) cell(1, 0, query, key) = 0.25F;
    for (std::size_t member = 0; member < 2; ++member) cell(member, 1, query, query == 0 ? 0 : query - 1) = 1;
  }
  return weights;
}

/// Every key is seen.
MapAxes axes_of(const AttentionWeights& weights) {
  return {.visible = std::vector<KeyRange>(weights.batch * weights.queries, KeyRange{.begin = 0, .end = weights.keys})};
}

void mirrored(std::size_t, std::size_t query, std::vector<std::size_t>& keys) { keys.push_back(3 - query); }

}  // namespace

// All expected values are counted by hand.
TEST_CASE("The most telling head reads what a pattern of its block says, or else reads most sharply") {
  const std::vector<AttentionWeights> layers = {two_heads()};
  const std::vector<MapAxes> axes = {axes_of(layers[0])};
  const std::vector<PatternRule> patterns{{.name = "antidiag", .block = "enc.self", .right = mirrored}};
  CHECK(best_head(score_heads(layers, axes, {"enc.self"}, patterns)).head == 0);
  CHECK(best_head(score_heads(layers, axes, {"dec.self"}, patterns)).head == 1);
  CHECK(best_head(score_heads(layers, axes, {"enc.self"}, {})).head == 1);
  CHECK(score_heads(layers, axes, {"enc.self"}, {}).size() == 2);
  CHECK_THROWS_AS(best_head({}), ShapeError);
}

TEST_CASE("The map of one sequence") {
  const AttentionWeights weights = two_heads();
  CHECK(head_map(weights, 1, 0)[4] == 1);
  CHECK(testing::message_of<ShapeError>([&] { head_map(weights, 2, 0); }) ==
        "attention map: there is no head 2 of batch member 0; 2 heads, 2 members");
}

TEST_CASE("The mean over batches counts each row over the members that have it") {
  MeanAttention mean;
  AttentionWeights weights = two_heads();
  mean.add(weights);
  CHECK(mean.mean().batch == 1);
  CHECK(mean.mean().path == weights.path);
  CHECK(head_map(mean.mean(), 0, 0)[3] == 0.625F);  // 1 and 1/4

  // A longer batch of one member, whose last query is padding: row 0 is now a mean over three, row 4 over one.
  AttentionWeights longer{.batch = 1, .heads = 2, .queries = 6, .keys = 6, .real_queries = {5}};
  longer.weights.assign(2 * 6 * 6, 0.5F);
  mean.add(longer);
  const std::vector<float> map = head_map(mean.mean(), 0, 0);
  REQUIRE(map.size() == 36);
  CHECK(map[3] == Approx((1 + 0.25 + 0.5) / 3));
  CHECK(map[5] == Approx(0.5 / 3));
  CHECK(map[4 * 6] == 0.5F);
  CHECK(map[5 * 6] == 0);  // no member has query 5
  longer.heads = 1;
  CHECK_THROWS_AS(mean.add(longer), ShapeError);
}

TEST_CASE("Scores of two batches merge to those of one that holds both") {
  const auto member = [](std::size_t index) {
    AttentionWeights one = two_heads();
    const auto size = static_cast<std::ptrdiff_t>(one.weights.size() / 2);
    const auto first = one.weights.begin() + static_cast<std::ptrdiff_t>(index) * size;
    one.weights = std::vector<float>(first, first + size);
    one.batch = 1;
    return one;
  };
  AttentionWeights whole = two_heads();
  whole.real_queries = {4, 3};
  AttentionWeights second = member(1);
  second.real_queries = {3};
  const std::vector<PatternRule> patterns{{.name = "antidiag", .block = "enc.self", .right = mirrored},
                                          {.name = "none", .block = "dec.self", .right = mirrored}};
  std::vector<HeadScores> merged = score_heads({member(0)}, {axes_of(member(0))}, {"enc.self"}, patterns);
  merge(merged, score_heads({second}, {axes_of(second)}, {"enc.self"}, patterns));
  const std::vector<HeadScores> at_once = score_heads({whole}, {axes_of(whole)}, {"enc.self"}, patterns);
  REQUIRE(merged.size() == at_once.size());
  for (std::size_t head = 0; head < merged.size(); ++head) {
    const HeadRoles& own = merged[head].roles;
    const HeadRoles& other = at_once[head].roles;
    CHECK(own.rows == 7);
    CHECK(own.bits() == Approx(other.bits()));
    CHECK(own.role(Role::previous)->mass() == Approx(other.role(Role::previous)->mass()));
    REQUIRE(own.patterns.size() == 2);
    CHECK(own.patterns[0]->rows == 7);
    CHECK(own.patterns[0]->mass() == Approx(other.patterns[0]->mass()));
    CHECK(own.patterns[0]->argmax() == Approx(other.patterns[0]->argmax()));
    CHECK_FALSE(own.patterns[1].has_value());
  }
  CHECK_THROWS_AS(merge(merged, {}), ShapeError);
}

TEST_CASE("Batches of one layer are joined, others refused") {
  AttentionWeights weights = two_heads();
  append(weights, two_heads());
  CHECK(weights.batch == 4);
  // Twice what one has: the mirrored key in one sequence of two, a quarter of the weight in the other.
  CHECK(right_score(weights, 0, {.right = mirrored}).mass() == (1 + 0.25) / 2);
  CHECK(right_score(weights, 0, {.right = mirrored}).rows == 16);
  AttentionWeights longer = two_heads();
  longer.keys = 5;
  CHECK_THROWS_AS(append(weights, longer), ShapeError);
}
