#include "apps/inspect/attention_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace headlight {
namespace {

constexpr float kLogFloor = 1e-3F;

struct ScaleWords {
  Scale scale;
  std::string_view option;
  std::string_view name;
};

constexpr std::array<ScaleWords, 5> kScales = {{
    {Scale::kLinear, "linear", "linear"},
    {Scale::kSqrt, "sqrt", "square root"},
    {Scale::kLog10, "log10", "log10, floor 0.001"},
    {Scale::kRowMax, "row_max", "share of the row's maximum"},
    {Scale::kMapMax, "map_max", "share of the map's maximum"},
}};

/// Largest finite weight that is not hidden in rows [begin, end); 0 when there is none.
float largest_weight(const AttentionMap& map, std::size_t begin, std::size_t end) {
  float largest = 0;
  for (std::size_t row = begin; row < end; ++row) {
    for (std::size_t col = 0; col < map.cols; ++col) {
      if (map.kind(row, col) == CellKind::kWeight) largest = std::max(largest, map.weight(row, col));
    }
  }
  return largest;
}

/// Position of a finite weight; `unit` is the weight that has the last colour.
float position(Scale scale, float weight, float unit) {
  const float share = unit > 0 ? std::clamp(weight / unit, 0.0F, 1.0F) : 0.0F;
  if (scale == Scale::kSqrt) return std::sqrt(share);
  if (scale == Scale::kLog10) return share <= kLogFloor ? 0.0F : 1.0F - std::log10(share) / std::log10(kLogFloor);
  return share;
}

/// The rank of a cell within a pooled block: what is wrong must not be pooled away.
int rank(CellKind kind) {
  switch (kind) {
    case CellKind::kHidden:
      return 0;
    case CellKind::kWeight:
      return 1;
    case CellKind::kInfinite:
      return 2;
    case CellKind::kNan:
      return 3;
  }
  return 0;
}

}  // namespace

std::string_view scale_name(Scale scale) {
  for (const ScaleWords& words : kScales) {
    if (words.scale == scale) return words.name;
  }
  return "unknown";
}

Scale parse_scale(std::string_view word) {
  std::string known;
  for (const ScaleWords& words : kScales) {
    if (words.option == word) return words.scale;
    known += known.empty() ? "" : ", ";
    known += words.option;
  }
  raise<ConfigError>("scale", "is not a known word", fmt::format("'{}'", word), fmt::format("choose one of {}", known));
}

CellKind AttentionMap::kind(std::size_t row, std::size_t col) const {
  const std::size_t index = row * cols + col;
  if (!hidden.empty() && hidden[index] != 0) return CellKind::kHidden;
  if (std::isnan(weights[index])) return CellKind::kNan;
  if (std::isinf(weights[index])) return CellKind::kInfinite;
  return CellKind::kWeight;
}

void check(const AttentionMap& map, std::string_view where) {
  const std::string shape = fmt::format("({}, {})", map.rows, map.cols);
  if (map.rows == 0 || map.cols == 0) {
    raise<ShapeError>(where, "the map has no cells", "rows and columns " + shape,
                      "record at least one query and one key");
  }
  if (map.weights.size() / map.rows != map.cols || map.weights.size() % map.rows != 0) {
    raise<ShapeError>(where, "the number of weights does not fit the rows and columns",
                      fmt::format("{} weights for {}", map.weights.size(), shape),
                      "pass rows * cols weights, row-major");
  }
  if (!map.hidden.empty() && map.hidden.size() != map.weights.size()) {
    raise<ShapeError>(where, "the mask of hidden cells does not fit the rows and columns",
                      fmt::format("{} marks for {}", map.hidden.size(), shape),
                      "pass one mark per weight, or none at all");
  }
  if (!map.row_labels.empty() && map.row_labels.size() != map.rows) {
    raise<ShapeError>(where, "the number of query tokens differs from the number of rows",
                      fmt::format("{} tokens for {}", map.row_labels.size(), shape), "pass one token per row, or none");
  }
  if (!map.col_labels.empty() && map.col_labels.size() != map.cols) {
    raise<ShapeError>(where, "the number of key tokens differs from the number of columns",
                      fmt::format("{} tokens for {}", map.col_labels.size(), shape),
                      "pass one token per column, or none");
  }
}

std::vector<float> scale_positions(const AttentionMap& map) {
  std::vector<float> positions(map.rows * map.cols, 0.0F);
  const float map_unit = map.scale == Scale::kMapMax ? largest_weight(map, 0, map.rows) : 1.0F;
  for (std::size_t row = 0; row < map.rows; ++row) {
    const float unit = map.scale == Scale::kRowMax ? largest_weight(map, row, row + 1) : map_unit;
    for (std::size_t col = 0; col < map.cols; ++col) {
      if (map.kind(row, col) != CellKind::kWeight) continue;
      positions[row * map.cols + col] = position(map.scale, map.weight(row, col), unit);
    }
  }
  return positions;
}

std::vector<ScaleTick> scale_ticks(const AttentionMap& map) {
  if (map.scale == Scale::kLog10) return {{0.0F, "0.001"}, {1.0F / 3, "0.01"}, {2.0F / 3, "0.1"}, {1.0F, "1"}};
  if (map.scale == Scale::kSqrt) return {{0.0F, "0"}, {0.25F, "0.06"}, {0.5F, "0.25"}, {0.75F, "0.56"}, {1.0F, "1"}};
  if (map.scale == Scale::kMapMax) {
    std::vector<ScaleTick> ticks;
    const float largest = largest_weight(map, 0, map.rows);
    for (const float place : {0.0F, 0.25F, 0.5F, 0.75F, 1.0F}) {
      ticks.push_back({place, fmt::format("{:.3g}", place * largest)});
    }
    return ticks;
  }
  return {{0.0F, "0"}, {0.25F, "0.25"}, {0.5F, "0.5"}, {0.75F, "0.75"}, {1.0F, "1"}};
}

std::string short_number(float weight) {
  if (weight == 0) return "0";
  if (weight < 0) return fmt::format("{:.1f}", weight);
  const std::string text = fmt::format("{:.{}f}", weight, weight < 9.995F ? 2 : weight < 99.95F ? 1 : 0);
  return text == "0.00" ? "<.01" : text;
}

AttentionMap max_pool(const AttentionMap& map, std::size_t factor) {
  if (factor == 0) raise<ShapeError>("max_pool", "the block has no cells", "factor 0", "pass a factor of at least 1");
  if (factor == 1) return map;
  AttentionMap pooled;
  pooled.title = map.title;
  pooled.subtitle = map.subtitle;
  pooled.scale = map.scale;
  pooled.row_axis = map.row_axis;
  pooled.col_axis = map.col_axis;
  pooled.rows = (map.rows + factor - 1) / factor;
  pooled.cols = (map.cols + factor - 1) / factor;
  pooled.stride = map.stride * factor;
  pooled.weights.assign(pooled.rows * pooled.cols, 0.0F);
  pooled.hidden.assign(pooled.rows * pooled.cols, 1);
  std::vector<int> best_rank(pooled.weights.size(), 0);
  for (std::size_t row = 0; row < map.rows; ++row) {
    for (std::size_t col = 0; col < map.cols; ++col) {
      const int cell_rank = rank(map.kind(row, col));
      const std::size_t index = (row / factor) * pooled.cols + col / factor;
      const bool higher = cell_rank > best_rank[index];
      if (cell_rank == 0 || cell_rank < best_rank[index]) continue;
      if (higher || map.weight(row, col) > pooled.weights[index]) pooled.weights[index] = map.weight(row, col);
      best_rank[index] = cell_rank;
      pooled.hidden[index] = 0;
    }
  }
  return pooled;
}

}  // namespace headlight
