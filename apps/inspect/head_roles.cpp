#include "apps/inspect/head_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "apps/inspect/target_sets.h"
#include "core/error.h"
#include "core/parallel.h"

namespace headlight {
namespace {

constexpr std::array<std::string_view, kRoles> kRoleNames = {"previous",  "self",      "first",
                                                             "duplicate", "induction", "next_symbol"};

double mean_of(double sum, std::size_t count) {
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

/// The place of the largest of these keys' weights, the first of equal ones; NaN is larger than all.
std::size_t largest_key(const float* row, const KeyRange& seen) {
  std::size_t best = seen.begin;
  for (std::size_t k = seen.begin; k < seen.end; ++k) {
    if (std::isnan(row[k])) return k;
    if (row[k] > row[best]) best = k;
  }
  return best;
}

/// One head of a layer, whose rows are seen through the same sets as those of the others.
class HeadRows {
 public:
  HeadRows(const AttentionWeights& weights, std::size_t head, const std::vector<KeyRange>& visible)
      : weights_(weights), head_(head), visible_(visible), largest_(weights.batch * weights.queries) {}

  /// What needs no sets.
  void sum_rows(HeadRoles& sums) {
    for (std::size_t member = 0; member < weights_.batch; ++member) {
      for (std::size_t query = 0; query < weights_.queries_of(member); ++query) sum_row(member, query, sums);
    }
  }

  TargetScore score(const TargetSets& sets) const {
    TargetScore score{.rows = sets.rows.size()};
    for (const TargetRow& target : sets.rows) {
      const float* const row = weights_.row(target.row / weights_.queries, head_, target.row % weights_.queries);
      for (std::size_t i = target.begin; i < target.end; ++i) score.mass_sum += static_cast<double>(row[sets.keys[i]]);
      score.chance_sum += target.chance;
      const auto exact = sets.keys.begin() + static_cast<std::ptrdiff_t>(target.begin);
      const auto exact_end = sets.keys.begin() + static_cast<std::ptrdiff_t>(target.exact_end);
      score.largest += std::binary_search(exact, exact_end, largest_[target.row]) ? 1U : 0U;
    }
    return score;
  }

 private:
  void sum_row(std::size_t member, std::size_t query, HeadRoles& sums) {
    const float* const row = weights_.row(member, head_, query);
    const KeyRange& seen = visible_[member * weights_.queries + query];
    ++sums.rows;
    if (seen.size() == 0) return;
    const std::size_t largest = largest_key(row, seen);
    largest_[member * weights_.queries + query] = largest;
    sums.largest_sum += static_cast<double>(row[largest]);
    for (std::size_t i = 0; i < sums.offset_sums.size(); ++i) {
      // Before key 0 the sum wraps around and is seen by nobody.
      const std::size_t key = query + i - static_cast<std::size_t>(kFarthestOffset);
      if (seen.holds(key)) sums.offset_sums[i] += static_cast<double>(row[key]);
    }
    if (seen.size() < 2) return;
    double bits = 0;
    for (std::size_t key = seen.begin; key < seen.end; ++key) {
      const auto weight = static_cast<double>(row[key]);
      if (!(weight <= 0)) bits -= weight * std::log2(weight);  // NaN stays visible
    }
    ++sums.choosing_rows;
    sums.bits_sum += bits;
    sums.share_sum += bits / std::log2(static_cast<double>(seen.size()));
  }

  const AttentionWeights& weights_;
  std::size_t head_;
  const std::vector<KeyRange>& visible_;
  std::vector<std::size_t> largest_;
};

[[noreturn]] void refuse_axes(const AttentionWeights& weights, const std::string& what) {
  raise<ShapeError>("head roles", what,
                    fmt::format("weights ({}, {}, {}, {})", weights.batch, weights.heads, weights.queries,
                                weights.keys));
}

/// Throws unless the axes have a place for each row and each token.
void check_axes(const AttentionWeights& weights, const MapAxes& axes) {
  if (axes.visible.size() != weights.batch * weights.queries) {
    refuse_axes(weights, fmt::format("the visible keys of {} rows are given", axes.visible.size()));
  }
  for (const KeyRange& seen : axes.visible) {
    if (seen.begin > seen.end || seen.end > weights.keys) {
      refuse_axes(weights, fmt::format("a row sees keys {} to {}", seen.begin, seen.end));
    }
  }
  const auto check_lists = [&](const std::vector<std::vector<std::int32_t>>& lists, const char* name, bool of_queries) {
    if (lists.empty()) return;
    if (lists.size() != weights.batch)
      refuse_axes(weights, fmt::format("there are {} lists of {}", lists.size(), name));
    for (std::size_t member = 0; of_queries && member < weights.batch; ++member) {
      if (lists[member].size() < weights.queries_of(member)) {
        refuse_axes(weights, fmt::format("member {} has {} {}", member, lists[member].size(), name));
      }
    }
  };
  check_lists(axes.query_tokens, "query tokens", true);
  check_lists(axes.produced, "produced tokens", true);
  check_lists(axes.key_tokens, "key tokens", axes.one_sequence);
}

}  // namespace

std::string_view name_of(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

double TargetScore::mass() const { return mean_of(mass_sum, rows); }
double TargetScore::chance() const { return mean_of(chance_sum, rows); }
double TargetScore::lift() const { return mass() / chance(); }
double TargetScore::argmax() const { return mean_of(static_cast<double>(largest), rows); }

TargetScore& TargetScore::operator+=(const TargetScore& other) {
  rows += other.rows;
  mass_sum += other.mass_sum;
  chance_sum += other.chance_sum;
  largest += other.largest;
  return *this;
}

double HeadRoles::bits() const { return mean_of(bits_sum, choosing_rows); }
double HeadRoles::share() const { return mean_of(share_sum, choosing_rows); }
double HeadRoles::confidence() const { return mean_of(largest_sum, rows); }
double HeadRoles::offset(std::ptrdiff_t key_minus_query) const {
  return mean_of(offset_sums.at(static_cast<std::size_t>(key_minus_query + kFarthestOffset)), rows);
}

std::vector<HeadRoles> score_roles(const AttentionWeights& weights, const MapAxes& axes, const std::string& block,
                                   const std::vector<PatternRule>& patterns) {
  check_axes(weights, axes);
  std::array<std::optional<TargetSets>, kRoles> sets;
  for (std::size_t i = 0; i < kRoles; ++i) sets[i] = role_sets(static_cast<Role>(i), weights, axes);
  std::vector<std::optional<TargetSets>> pattern_sets(patterns.size());
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i].block != block) continue;
    pattern_sets[i] = target_sets(weights, axes.visible, patterns[i].width, patterns[i].right);
  }
  std::vector<HeadRoles> scores(weights.heads);
  parallel_for(weights.heads, [&](std::size_t head) {
    HeadRoles& own = scores[head];
    HeadRows rows(weights, head, axes.visible);
    rows.sum_rows(own);
    for (std::size_t i = 0; i < kRoles; ++i) {
      if (sets[i]) own.roles[i] = rows.score(*sets[i]);
    }
    own.patterns.resize(pattern_sets.size());
    for (std::size_t i = 0; i < pattern_sets.size(); ++i) {
      if (pattern_sets[i]) own.patterns[i] = rows.score(*pattern_sets[i]);
    }
  });
  return scores;
}

void merge(std::vector<HeadRoles>& roles, const std::vector<HeadRoles>& more) {
  const auto add = [](std::optional<TargetScore>& own, const std::optional<TargetScore>& other) {
    if (own && other) *own += *other;
    return own.has_value() == other.has_value();
  };
  bool same = roles.size() == more.size();
  for (std::size_t head = 0; same && head < roles.size(); ++head) {
    HeadRoles& own = roles[head];
    const HeadRoles& other = more[head];
    same = own.patterns.size() == other.patterns.size();
    for (std::size_t i = 0; same && i < kRoles; ++i) same = add(own.roles[i], other.roles[i]);
    for (std::size_t i = 0; same && i < own.patterns.size(); ++i) same = add(own.patterns[i], other.patterns[i]);
    own.rows += other.rows;
    own.largest_sum += other.largest_sum;
    for (std::size_t i = 0; i < own.offset_sums.size(); ++i) own.offset_sums[i] += other.offset_sums[i];
    own.choosing_rows += other.choosing_rows;
    own.bits_sum += other.bits_sum;
    own.share_sum += other.share_sum;
  }
  if (same) return;
  raise<ShapeError>("head roles", "only scores of the same heads can be merged",
                    fmt::format("{} and {} heads", roles.size(), more.size()));
}

TargetScore right_score(const AttentionWeights& weights, std::size_t head, const PatternRule& pattern) {
  if (head >= weights.heads) {
    raise<ShapeError>("head roles", fmt::format("there is no head {}", head), fmt::format("{} heads", weights.heads));
  }
  const std::vector<KeyRange> all(weights.batch * weights.queries, KeyRange{.begin = 0, .end = weights.keys});
  HeadRows rows(weights, head, all);
  HeadRoles unused;
  rows.sum_rows(unused);
  return rows.score(target_sets(weights, all, pattern.width, pattern.right));
}

std::string role_tag(std::span<const RoleCandidate> candidates, double entropy_share,
                     const RoleThresholds& thresholds) {
  const RoleCandidate* best = nullptr;
  for (const RoleCandidate& candidate : candidates) {
    if (!(candidate.score >= thresholds.score && candidate.lift >= thresholds.lift)) continue;
    if (best == nullptr || candidate.lift > best->lift) best = &candidate;
  }
  if (best != nullptr) return std::string(best->name);
  return entropy_share > thresholds.uniform ? "uniform" : "—";
}

}  // namespace headlight
