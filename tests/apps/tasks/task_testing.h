#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "apps/tasks/task.h"

namespace headlight::testing {

inline Example example(const Task& task, Split split, std::uint64_t index, std::optional<std::size_t> length = {}) {
  Example made;
  task.example({.split = split, .index = index, .length = length}, made);
  return made;
}

inline std::vector<std::size_t> right_keys(const Task& task, const Example& example, std::size_t query,
                                           std::size_t pattern = 0) {
  std::vector<std::size_t> keys;
  task.right_keys(pattern, example, query, keys);
  return keys;
}

/// Pearson's chi-square of counts that should all be the same.
inline double chi_square(const std::vector<double>& counts) {
  double total = 0;
  for (const double count : counts) total += count;
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const double count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

}  // namespace headlight::testing
