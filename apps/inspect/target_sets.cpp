#include "apps/inspect/target_sets.h"

#include <algorithm>
#include <cstdint>

namespace headlight {
namespace {

/// Whether a role has a meaning for these axes.
bool applies(Role role, const MapAxes& axes) {
  const bool tokens = !axes.query_tokens.empty() && !axes.key_tokens.empty();
  switch (role) {
    case Role::previous:
    case Role::self:
      return axes.one_sequence;
    case Role::first:
      return true;
    case Role::duplicate:
    case Role::induction:
      return axes.one_sequence && tokens;
    case Role::next_symbol:
      break;
  }
  return !axes.one_sequence && !axes.key_tokens.empty() && !axes.produced.empty();
}

/// K(q) of a role, from the definitions of the header.
void role_keys(Role role, const MapAxes& axes, std::size_t queries, std::size_t member, std::size_t query,
               std::vector<std::size_t>& keys) {
  switch (role) {
    case Role::previous:
      if (query > 0) keys.push_back(query - 1);
      return;
    case Role::self:
      if (axes.visible[member * queries + query].size() >= 2) keys.push_back(query);
      return;
    case Role::first:
      if (query > 0) keys.push_back(0);
      return;
    case Role::duplicate: {
      const std::vector<std::int32_t>& tokens = axes.key_tokens[member];
      for (std::size_t k = 0; k < query; ++k) {
        if (tokens[k] == tokens[query]) keys.push_back(k);
      }
      return;
    }
    case Role::induction: {
      const std::vector<std::int32_t>& tokens = axes.key_tokens[member];
      for (std::size_t k = 1; k < query; ++k) {
        if (tokens[k - 1] == tokens[query]) keys.push_back(k);
      }
      return;
    }
    case Role::next_symbol: {
      const std::int32_t wanted = axes.produced[member][query];
      const std::vector<std::int32_t>& tokens = axes.key_tokens[member];
      if (wanted < 0) return;
      for (std::size_t k = 0; k < tokens.size(); ++k) {
        if (tokens[k] == wanted) keys.push_back(k);
      }
      return;
    }
  }
}

}  // namespace

TargetSets target_sets(const AttentionWeights& weights, const std::vector<KeyRange>& visible, std::size_t width,
                       const RightKeys& keys_of) {
  TargetSets sets;
  std::vector<std::size_t> exact, near;
  for (std::size_t member = 0; member < weights.batch; ++member) {
    for (std::size_t query = 0; query < weights.queries_of(member); ++query) {
      const std::size_t row = member * weights.queries + query;
      const KeyRange& seen = visible[row];
      exact.clear();
      keys_of(member, query, exact);
      std::erase_if(exact, [&](std::size_t key) { return !seen.holds(key); });
      if (exact.empty()) continue;
      std::sort(exact.begin(), exact.end());
      exact.erase(std::unique(exact.begin(), exact.end()), exact.end());
      near.clear();
      for (const std::size_t key : exact) {
        const std::size_t first = std::max(seen.begin, key - std::min(key, width));
        for (std::size_t k = first; k < std::min(key + width + 1, seen.end); ++k) {
          if (!std::binary_search(exact.begin(), exact.end(), k)) near.push_back(k);
        }
      }
      std::sort(near.begin(), near.end());
      near.erase(std::unique(near.begin(), near.end()), near.end());
      const std::size_t begin = sets.keys.size();
      sets.keys.insert(sets.keys.end(), exact.begin(), exact.end());
      sets.keys.insert(sets.keys.end(), near.begin(), near.end());
      sets.rows.push_back({.row = row,
                           .begin = begin,
                           .exact_end = begin + exact.size(),
                           .end = sets.keys.size(),
                           .chance = static_cast<double>(sets.keys.size() - begin) / static_cast<double>(seen.size())});
    }
  }
  return sets;
}

std::optional<TargetSets> role_sets(Role role, const AttentionWeights& weights, const MapAxes& axes) {
  if (!applies(role, axes)) return std::nullopt;
  return target_sets(weights, axes.visible, 0,
                     [&](std::size_t member, std::size_t query, std::vector<std::size_t>& keys) {
                       role_keys(role, axes, weights.queries, member, query, keys);
                     });
}

}  // namespace headlight
