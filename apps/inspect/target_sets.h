#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "apps/inspect/head_roles.h"

/// The sets of keys K(q) on which the mass of a head is measured.
namespace headlight {

/// The keys of a set in one row; those that count as largest stand first.
struct TargetRow {
  std::size_t row;  ///< member * Tq + query
  std::size_t begin;
  std::size_t exact_end;
  std::size_t end;
  double chance;
};

/// K(q) of all rows that have one: made once, asked for each head.
struct TargetSets {
  std::vector<TargetRow> rows{};
  std::vector<std::size_t> keys{};
};

/// The sets of these keys, of all rows that are no padding, without keys that the row does not see; `width` neighbours on
/// each side count for the mass.
TargetSets target_sets(const AttentionWeights& weights, const std::vector<KeyRange>& visible, std::size_t width,
                       const RightKeys& keys_of);

/// K(q) of a role, from its definition; nothing where it has no meaning for these axes.
std::optional<TargetSets> role_sets(Role role, const AttentionWeights& weights, const MapAxes& axes);

}  // namespace headlight
