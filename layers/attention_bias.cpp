#include "layers/attention_bias.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "autograd/ops/gather.h"
#include "autograd/ops/layout.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// key - (the key opposite the query)
std::ptrdiff_t distance(std::size_t query, std::size_t key, std::size_t queries, std::size_t keys) {
  return static_cast<std::ptrdiff_t>(key + queries) - static_cast<std::ptrdiff_t>(query + keys);
}

}  // namespace

std::vector<double> alibi_slopes(std::size_t heads) {
  const std::size_t power = std::bit_floor(heads);
  std::vector<double> slopes;
  for (std::size_t i = 1; i <= power; ++i) {
    slopes.push_back(std::exp2(-8.0 * static_cast<double>(i) / static_cast<double>(power)));
  }
  for (std::size_t i = 1; slopes.size() < heads; i += 2) {
    slopes.push_back(std::exp2(-4.0 * static_cast<double>(i) / static_cast<double>(power)));
  }
  return slopes;
}

Array alibi_bias(std::size_t heads, std::size_t queries, std::size_t keys) {
  Array bias = uninitialized({heads, queries, keys});
  const std::vector<double> slopes = alibi_slopes(heads);
  std::size_t at = 0;
  for (std::size_t h = 0; h < heads; ++h) {
    for (std::size_t q = 0; q < queries; ++q) {
      for (std::size_t k = 0; k < keys; ++k, ++at) {
        const double steps = static_cast<double>(std::abs(distance(q, k, queries, keys)));
        bias.data()[at] = static_cast<Real>(-slopes[h] * steps);
      }
    }
  }
  return bias;
}

Tensor relative_bias(const Tensor& table, std::size_t queries, std::size_t keys) {
  const auto farthest = static_cast<std::ptrdiff_t>(table.extent(0) / 2);
  Tokens rows(Shape{queries, keys});
  for (std::size_t q = 0; q < queries; ++q) {
    for (std::size_t k = 0; k < keys; ++k) {
      const std::ptrdiff_t clipped = std::clamp(distance(q, k, queries, keys), -farthest, farthest);
      rows.data()[q * keys + k] = static_cast<std::int32_t>(clipped + farthest);
    }
  }
  return transpose(embedding(table, rows), {2, 0, 1});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
