// What a head reads: hand-made maps whose scores are counted by hand from the definitions in head_roles.h.
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/head_roles.h"
#include "core/error.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;

namespace {

using Map = std::vector<std::vector<float>>;
using Ids = std::vector<std::int32_t>;

/// One head of members with these maps, all of one shape.
AttentionWeights weights_of(const std::vector<Map>& members) {
  AttentionWeights weights{.path = "layers.0.attention",
                           .batch = members.size(),
                           .heads = 1,
                           .queries = members.front().size(),
                           .keys = members.front().front().size()};
  for (const Map& map : members) {
    for (const std::vector<float>& row : map) weights.weights.insert(weights.weights.end(), row.begin(), row.end());
  }
  return weights;
}

std::vector<KeyRange> all_keys(const AttentionWeights& weights) {
  return std::vector<KeyRange>(weights.batch * weights.queries, KeyRange{.begin = 0, .end = weights.keys});
}

std::vector<KeyRange> causal_keys(const AttentionWeights& weights) {
  std::vector<KeyRange> visible;
  for (std::size_t row = 0; row < weights.batch * weights.queries; ++row) {
    visible.push_back({.begin = 0, .end = row % weights.queries + 1});
  }
  return visible;
}

HeadRoles roles_of(const AttentionWeights& weights, const MapAxes& axes) {
  return score_roles(weights, axes, "dec.self", {}).at(0);
}

void check_score(const std::optional<TargetScore>& score, std::size_t rows, double mass, double chance) {
  REQUIRE(score.has_value());
  CHECK(score->rows == rows);
  CHECK(score->mass() == Approx(mass).epsilon(1e-6));  // weights are floats
  CHECK(score->chance() == Approx(chance).epsilon(1e-12));
  CHECK(score->lift() == Approx(mass / chance).epsilon(1e-6));
}

}  // namespace

TEST_CASE("Scores of places in a causal map: previous, self, first, entropy, confidence and offsets") {
  const AttentionWeights weights =
      weights_of({{{1, 0, 0, 0}, {0.75F, 0.25F, 0, 0}, {0, 1, 0, 0}, {0.25F, 0.25F, 0.25F, 0.25F}}});
  const HeadRoles roles = roles_of(weights, {.visible = causal_keys(weights)});
  // Rows 1, 2 and 3, which see 2, 3 and 4 keys.
  const double chance = (1.0 / 2 + 1.0 / 3 + 1.0 / 4) / 3;
  check_score(roles.role(Role::previous), 3, (0.75 + 1 + 0.25) / 3, chance);
  check_score(roles.role(Role::self), 3, (0.25 + 0 + 0.25) / 3, chance);  // row 0 sees one key alone
  check_score(roles.role(Role::first), 3, (0.75 + 0 + 0.25) / 3, chance);
  CHECK(roles.role(Role::previous)->argmax() == Approx(2.0 / 3));  // of the equal ones in row 3 the first is largest
  CHECK_FALSE(roles.role(Role::duplicate).has_value());            // there are no tokens
  CHECK_FALSE(roles.role(Role::induction).has_value());
  CHECK_FALSE(roles.role(Role::next_symbol).has_value());
  // Row 1: 3/4 log2(4/3) + 1/4 log2 4; row 2: 0; row 3: 2 bits of log2 4 = 2.
  const double first = 0.75 * std::log2(4.0 / 3) + 0.5;
  CHECK(roles.choosing_rows == 3);
  CHECK(roles.bits() == Approx((first + 2) / 3));
  CHECK(roles.share() == Approx((first + 1) / 3));
  CHECK(roles.rows == 4);
  CHECK(roles.confidence() == Approx((1 + 0.75 + 1 + 0.25) / 4));
  CHECK(roles.offset(0) == Approx((1 + 0.25 + 0 + 0.25) / 4));
  CHECK(roles.offset(-1) == Approx((0.75 + 1 + 0.25) / 4));
  CHECK(roles.offset(-3) == Approx(0.25 / 4));
  CHECK(roles.offset(1) == 0);
  CHECK(roles.offset(-16) == 0);
}

TEST_CASE("Scores of tokens: duplicates, and induction without the query's own place") {
  // x = a b a a: row 2 repeats 0, row 3 repeats 0 and 2. Behind an earlier a: row 2 key 1; row 3 key 1 (behind 0), and not
  // its own place 3, behind 2.
  const AttentionWeights weights =
      weights_of({{{1, 0, 0, 0}, {0.5F, 0.5F, 0, 0}, {0.125F, 0.75F, 0.125F, 0}, {0.25F, 0.5F, 0.125F, 0.125F}}});
  const Ids tokens{7, 3, 7, 7};
  const HeadRoles roles =
      roles_of(weights, {.visible = causal_keys(weights), .query_tokens = {tokens}, .key_tokens = {tokens}});
  check_score(roles.role(Role::duplicate), 2, (0.125 + 0.25 + 0.125) / 2, (1.0 / 3 + 2.0 / 4) / 2);
  check_score(roles.role(Role::induction), 2, (0.75 + 0.5) / 2, (1.0 / 3 + 1.0 / 4) / 2);
}

TEST_CASE(
    "A shifted decoder input: a cross head that reads what it produces is told from one that reads what was read") {
  // Source a b c; the decoder reads <begin> a b and produces a b c. Row q holds y_(q-1) and produces y_q.
  const MapAxes axes{.visible = std::vector<KeyRange>(3, KeyRange{.begin = 0, .end = 3}),
                     .one_sequence = false,
                     .query_tokens = {{9, 1, 2}},
                     .key_tokens = {{1, 2, 3}},
                     .produced = {{1, 2, 3}}};
  const HeadRoles ahead = roles_of(weights_of({{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}), axes);
  check_score(ahead.role(Role::next_symbol), 3, 1, 1.0 / 3);
  const HeadRoles behind = roles_of(weights_of({{{1, 0, 0}, {1, 0, 0}, {0, 1, 0}}}), axes);
  check_score(behind.role(Role::next_symbol), 3, 1.0 / 3, 1.0 / 3);
  // Positions of two sequences are not the same or neighbours.
  for (const Role role : {Role::previous, Role::self, Role::duplicate, Role::induction}) {
    CHECK_FALSE(ahead.role(role).has_value());
  }
  check_score(ahead.role(Role::first), 2, 0, 1.0 / 3);
  // Rows without a target, or with one that the source does not know, do not count; one that stands twice counts as both.
  MapAxes partly = axes;
  partly.produced = {{-1, 2, 8}};
  partly.key_tokens = {{2, 2, 3}};
  check_score(roles_of(weights_of({{{1, 0, 0}, {0.25F, 0.5F, 0.25F}, {0, 0, 1}}}), partly).role(Role::next_symbol), 1,
              0.75, 2.0 / 3);
}

TEST_CASE("Padding counts neither as a query nor as a key") {
  // The second member has two positions; what stands in its padding is no number.
  const float nan = std::numeric_limits<float>::quiet_NaN();
  AttentionWeights weights =
      weights_of({{{0.5F, 0.25F, 0.25F}, {1, 0, 0}, {0, 1, 0}}, {{0.5F, 0.5F, 0}, {1, 0, 0}, {nan, nan, nan}}});
  weights.real_queries = {3, 2};
  MapAxes axes{.visible = all_keys(weights)};
  for (std::size_t row = 3; row < 6; ++row) axes.visible[row].end = 2;
  const HeadRoles roles = roles_of(weights, axes);
  check_score(roles.role(Role::previous), 3, 1, (1.0 / 3 + 1.0 / 3 + 1.0 / 2) / 3);
  check_score(roles.role(Role::self), 5, (0.5 + 0.5) / 5, (3 * 1.0 / 3 + 2 * 1.0 / 2) / 5);
  CHECK(roles.rows == 5);
  // 1.5 bits of log2 3, and 1 of 1.
  CHECK(roles.bits() == Approx(2.5 / 5));
  CHECK(roles.share() == Approx((1.5 / std::log2(3.0) + 1) / 5));
}

TEST_CASE("A row that does not see the keys of a role is not asked for them") {
  // A window of one key: nobody sees the previous or the first one, and nobody has a choice.
  const AttentionWeights weights = weights_of({{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
  MapAxes axes;
  for (std::size_t row = 0; row < 3; ++row) axes.visible.push_back({.begin = row, .end = row + 1});
  const HeadRoles alone = roles_of(weights, axes);
  for (const Role role : {Role::previous, Role::self, Role::first}) {
    REQUIRE(alone.role(role).has_value());
    CHECK(alone.role(role)->rows == 0);
    CHECK(std::isnan(alone.role(role)->mass()));
  }
  CHECK(alone.choosing_rows == 0);
  CHECK(std::isnan(alone.bits()));
  CHECK(alone.confidence() == 1);
  // A window of two: the last row no longer sees the first key.
  for (std::size_t row = 1; row < 3; ++row) axes.visible[row].begin = row - 1;
  const AttentionWeights halves = weights_of({{{1, 0, 0}, {0.5F, 0.5F, 0}, {0, 0.5F, 0.5F}}});
  check_score(roles_of(halves, axes).role(Role::first), 1, 0.5, 0.5);
  check_score(roles_of(halves, axes).role(Role::previous), 2, 0.5, 0.5);
}

TEST_CASE("Patterns: right keys, their neighbours, and what a mask hides of them") {
  const AttentionWeights weights = weights_of({{{0.1F, 0.2F, 0.3F, 0.4F}, {0.4F, 0.3F, 0.2F, 0.1F}}});
  const auto mirrored = [](std::size_t, std::size_t query, std::vector<std::size_t>& keys) {
    keys.push_back(3 - query);
  };
  const std::vector<PatternRule> rules{{.name = "antidiag", .block = "dec.self", .right = mirrored, .width = 1},
                                       {.name = "other", .block = "enc.self", .right = mirrored}};
  MapAxes axes{.visible = all_keys(weights)};
  const HeadRoles roles = score_roles(weights, axes, "dec.self", rules).at(0);
  // Row 0: keys 2 and 3; row 1: keys 1, 2 and 3.
  check_score(roles.patterns.at(0), 2, (0.7 + 0.6) / 2, (2.0 / 4 + 3.0 / 4) / 2);
  CHECK(roles.patterns[0]->argmax() == 0.5);  // a neighbour counts for the mass alone
  CHECK_FALSE(roles.patterns.at(1).has_value());
  const TargetScore alone = right_score(weights, 0, rules[0]);
  CHECK(alone.mass() == roles.patterns[0]->mass());
  CHECK(alone.argmax() == 0.5);
  // Key 3 hidden: row 0 has no right key, row 1 one neighbour less.
  for (KeyRange& seen : axes.visible) seen.end = 3;
  check_score(score_roles(weights, axes, "dec.self", rules).at(0).patterns.at(0), 1, 0.5, 2.0 / 3);
}

TEST_CASE("Sums of two batches are those of one that holds both, and scoring changes nothing") {
  const Map one{{1, 0}, {0.25F, 0.75F}};
  const Map two{{1, 0}, {0.5F, 0.5F}};
  const Ids tokens{1, 1};
  const auto axes_of = [&](const AttentionWeights& weights) {
    return MapAxes{.visible = causal_keys(weights),
                   .query_tokens = std::vector<Ids>(weights.batch, tokens),
                   .key_tokens = std::vector<Ids>(weights.batch, tokens)};
  };
  const AttentionWeights both = weights_of({one, two});
  const AttentionWeights before = both;
  const HeadRoles whole = roles_of(both, axes_of(both));
  CHECK(both.weights == before.weights);
  std::vector<HeadRoles> merged = score_roles(weights_of({one}), axes_of(weights_of({one})), "dec.self", {});
  merge(merged, score_roles(weights_of({two}), axes_of(weights_of({two})), "dec.self", {}));
  for (std::size_t i = 0; i < kRoles; ++i) {
    REQUIRE(merged[0].roles[i].has_value() == whole.roles[i].has_value());
    if (!whole.roles[i]) continue;
    CHECK(merged[0].roles[i]->rows == whole.roles[i]->rows);
    CHECK(merged[0].roles[i]->mass_sum == whole.roles[i]->mass_sum);
    CHECK(merged[0].roles[i]->chance_sum == whole.roles[i]->chance_sum);
  }
  CHECK(merged[0].rows == whole.rows);
  CHECK(merged[0].bits() == Approx(whole.bits()));
  CHECK(merged[0].confidence() == Approx(whole.confidence()));
  CHECK(merged[0].offset(-1) == Approx(whole.offset(-1)));
  CHECK_THROWS_AS(merge(merged, {}), ShapeError);
}

TEST_CASE("Axes that do not fit the weights are refused") {
  const AttentionWeights weights = weights_of({{{1, 0}, {0, 1}}});
  CHECK_THROWS_AS(roles_of(weights, {}), ShapeError);
  CHECK_THROWS_AS(roles_of(weights, {.visible = {{0, 2}, {0, 3}}}), ShapeError);
  const std::vector<KeyRange> all = all_keys(weights);
  CHECK_THROWS_AS(roles_of(weights, {.visible = all, .query_tokens = {{1}}, .key_tokens = {{1, 2}}}), ShapeError);
  CHECK_THROWS_AS(roles_of(weights, {.visible = all, .query_tokens = {{1, 2}, {1, 2}}}), ShapeError);
  CHECK(testing::message_of<ShapeError>([&] { right_score(weights, 1, {}); }) ==
        "head roles: there is no head 1; 1 heads");
}

TEST_CASE("NaN in a row is seen in every mean that it belongs to") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const AttentionWeights weights = weights_of({{{1, 0}, {nan, nan}}});
  const HeadRoles roles = roles_of(weights, {.visible = causal_keys(weights)});
  CHECK(std::isnan(roles.role(Role::previous)->mass()));
  CHECK(std::isnan(roles.bits()));
  CHECK(std::isnan(roles.confidence()));
}

TEST_CASE("A head is called after its role of highest lift") {
  using Candidates = std::vector<RoleCandidate>;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(role_tag(Candidates{{"previous", 0.5, 4}, {"induction", 0.4, 9}}, 0.1) == "induction");
  CHECK(role_tag(Candidates{{"previous", 0.5, 4}, {"other", 0.6, 4}}, 0.1) == "previous");  // of equal ones the first
  CHECK(role_tag(Candidates{{"previous", 0.4, 3}}, 0.1) == "previous");                     // thresholds are reached
  CHECK(role_tag(Candidates{{"previous", 0.39, 30}, {"self", 0.9, 2.9}}, 0.1) == "—");
  CHECK(role_tag(Candidates{{"previous", 0.39, 30}}, 0.91) == "uniform");
  CHECK(role_tag(Candidates{{"previous", nan, nan}}, 0.9) == "—");
  CHECK(role_tag(Candidates{}, nan) == "—");
  CHECK(role_tag(Candidates{{"previous", 0.3, 2}}, 0.5, {.score = 0.2, .lift = 2}) == "previous");
}
