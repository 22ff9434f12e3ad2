#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "apps/inspect/attention_map.h"
#include "core/error.h"

using namespace headlight;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

AttentionMap make_map(std::size_t rows, std::size_t cols, std::vector<float> weights) {
  AttentionMap map;
  map.rows = rows;
  map.cols = cols;
  map.weights = std::move(weights);
  return map;
}

}  // namespace

TEST_CASE("A map whose lists do not fit is refused with the place, the sizes and the remedy") {
  const auto message_of = [](const AttentionMap& map) -> std::string {
    try {
      check(map, "draw_map");
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "accepted";
  };
  AttentionMap map = make_map(2, 2, {1, 0, 0, 1});
  CHECK(message_of(map) == "accepted");
  CHECK(message_of(make_map(0, 2, {})) ==
        "draw_map: the map has no cells; rows and columns (0, 2); record at least one query and one key");
  CHECK(message_of(make_map(2, 2, {1, 0, 0})) ==
        "draw_map: the number of weights does not fit the rows and columns; 3 weights for (2, 2); "
        "pass rows * cols weights, row-major");
  // The product of the sides overflows to 4, the number of weights.
  CHECK(message_of(make_map((std::size_t{1} << 63U) + 2, 2, {1, 0, 0, 1})) != "accepted");
  map.row_labels = {"a"};
  CHECK(message_of(map) ==
        "draw_map: the number of query tokens differs from the number of rows; 1 tokens for (2, 2); "
        "pass one token per row, or none");
  map.row_labels.clear();
  map.col_labels = {"a", "b", "c"};
  CHECK(message_of(map) ==
        "draw_map: the number of key tokens differs from the number of columns; 3 tokens for (2, 2); "
        "pass one token per column, or none");
  map.col_labels.clear();
  map.hidden = {0, 1};
  CHECK(message_of(map) ==
        "draw_map: the mask of hidden cells does not fit the rows and columns; 2 marks for (2, 2); "
        "pass one mark per weight, or none at all");
}

TEST_CASE("A cell is hidden before it is anything else, because a hidden weight means nothing") {
  AttentionMap map = make_map(1, 5, {0.5F, kNan, kInfinity, -kInfinity, kNan});
  map.hidden = {0, 0, 0, 0, 1};
  CHECK(map.kind(0, 0) == CellKind::kWeight);
  CHECK(map.kind(0, 1) == CellKind::kNan);
  CHECK(map.kind(0, 2) == CellKind::kInfinite);
  CHECK(map.kind(0, 3) == CellKind::kInfinite);
  CHECK(map.kind(0, 4) == CellKind::kHidden);
}

TEST_CASE("Each scale places weights as its definition says") {
  AttentionMap map = make_map(2, 2, {0.25F, 0.125F, 0.01F, 0.0F});
  struct Case {
    Scale scale;
    std::vector<float> positions;
  };
  // Square roots of 1/4, 1/8, 1/100; 1 + log10(w)/3; shares of the row maxima 1/4 and 1/100; shares of 1/4.
  const std::vector<Case> cases = {{Scale::kLinear, {0.25F, 0.125F, 0.01F, 0}},
                                   {Scale::kSqrt, {0.5F, 0.35355339F, 0.1F, 0}},
                                   {Scale::kLog10, {0.79931333F, 0.69897000F, 0.33333333F, 0}},
                                   {Scale::kRowMax, {1, 0.5F, 1, 0}},
                                   {Scale::kMapMax, {1, 0.5F, 0.04F, 0}}};
  for (const Case& each : cases) {
    map.scale = each.scale;
    const std::vector<float> positions = scale_positions(map);
    INFO(scale_name(each.scale));
    // Two roundings of a float below 1: at most 2^-23.
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(positions[i] - each.positions[i]) <= 0x1p-23F);
  }
}

TEST_CASE("Scales clamp what lies outside and ignore cells that hold no weight") {
  AttentionMap map = make_map(1, 4, {1.5F, -0.5F, kNan, 0.5F});
  CHECK(scale_positions(map) == std::vector<float>{1, 0, 0, 0.5F});
  map.hidden = {1, 0, 0, 0};
  map.scale = Scale::kMapMax;
  CHECK(scale_positions(map) == std::vector<float>{0, 0, 0, 1});
  CHECK(scale_ticks(map).back().label == "0.5");
}

TEST_CASE("The ticks of each colour bar stand where their weights are drawn") {
  for (const Scale scale : {Scale::kLinear, Scale::kSqrt, Scale::kLog10, Scale::kRowMax, Scale::kMapMax}) {
    AttentionMap map = make_map(1, 1, {1});
    map.scale = scale;
    for (const ScaleTick& tick : scale_ticks(map)) {
      // A second cell of weight 1 keeps the maximum at 1; labels have at least two digits, so half of the second
      // counts.
      AttentionMap cells = make_map(1, 2, {std::stof(tick.label), 1});
      cells.scale = scale;
      INFO(scale_name(scale) << " " << tick.label);
      CHECK(std::abs(scale_positions(cells)[0] - tick.position) < 0.006F);
    }
  }
}

TEST_CASE("A scale is found by its word, and an unknown word is answered with the known ones") {
  CHECK(parse_scale("linear") == Scale::kLinear);
  CHECK(parse_scale("map_max") == Scale::kMapMax);
  CHECK_THROWS_WITH(parse_scale("cubic"),
                    "scale: is not a known word; 'cubic'; choose one of linear, sqrt, log10, row_max, map_max");
}

TEST_CASE("A weight is written in at most four characters") {
  const std::vector<std::pair<float, std::string>> cases = {{0.0F, "0"},       {0.001F, "<.01"}, {0.0049F, "<.01"},
                                                            {0.0051F, "0.01"}, {0.97F, "0.97"},  {0.999F, "1.00"},
                                                            {1.0F, "1.00"},    {9.99F, "9.99"},  {9.996F, "10.0"},
                                                            {99.96F, "100"},   {-0.5F, "-0.5"}};
  for (const auto& [weight, text] : cases) CHECK(short_number(weight) == text);
}

TEST_CASE("Max-pooling keeps the largest weight, keeps what is wrong, and hides only wholly hidden blocks") {
  AttentionMap map = make_map(3, 4,
                              {0.1F, 0.2F, 0.3F, kNan,  //
                               0.4F, 0.3F, 0.9F, 0.9F,  //
                               0.9F, 0.8F, 0.5F, kInfinity});
  map.hidden = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0};
  map.row_labels = {"a", "b", "c"};
  const AttentionMap pooled = max_pool(map, 2);
  CHECK(pooled.rows == 2);
  CHECK(pooled.cols == 2);
  CHECK(pooled.stride == 2);
  CHECK(pooled.row_labels.empty());
  CHECK(pooled.weight(0, 0) == 0.4F);
  CHECK(pooled.kind(0, 1) == CellKind::kNan);
  CHECK(pooled.kind(1, 0) == CellKind::kHidden);
  CHECK(pooled.kind(1, 1) == CellKind::kInfinite);
  CHECK(max_pool(map, 1).row_labels == map.row_labels);
  CHECK_THROWS_AS(max_pool(map, 0), ShapeError);
  // A block of negative weights has a negative maximum, not zero.
  CHECK(max_pool(make_map(1, 2, {-2, -1}), 2).weight(0, 0) == -1);
}
