#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/inspect/attention_weights.h"

/// Numbers that say what a head reads, over the rows of a batch. Of query q of member b, V(q) are the keys that it sees,
/// x the tokens of keys and queries, A[q, k] the weight that q gives to k. The score of a set of keys K(q) is the mean of
/// its mass, sum over K(q) of A[q, k], over the rows in which K(q) is not empty; hidden keys are never in K(q). A score
/// tells nothing without its chance, the mean of |K(q)| / |V(q)| over the same rows: what reading all alike would give.
namespace headlight {

/// Keys begin ... end - 1.
struct KeyRange {
  std::size_t begin = 0;
  std::size_t end = 0;

  std::size_t size() const { return end - begin; }
  bool holds(std::size_t key) const { return key >= begin && key < end; }
};

/// What stands on the axes of a layer's maps, for each member of a batch.
struct MapAxes {
  std::vector<KeyRange> visible{};  ///< (B, Tq): what a query sees; padding is not among it
  bool one_sequence = true;         ///< whether keys and queries are positions of one sequence
  /// The token at each position, (B) lists; empty where positions hold vectors. What a query *reads*: the input of a
  /// decoder is shifted, so that row q holds y_(q-1) and produces y_q.
  std::vector<std::vector<std::int32_t>> query_tokens{};
  std::vector<std::vector<std::int32_t>> key_tokens{};
  /// What row q has to produce, in ids of `key_tokens`; negative: nothing that is known. Empty: never known.
  std::vector<std::vector<std::int32_t>> produced{};
};

/// What a head may read, whatever the task. K(q) is
enum class Role {
  previous,     ///< {q - 1}, within one sequence
  self,         ///< {q} where q sees two keys or more, within one sequence
  first,        ///< {0} for q >= 1: the begin mark of a sequence that begins with one
  duplicate,    ///< {k < q: x_k = x_q}, within one sequence
  induction,    ///< {1 <= k < q: x_(k-1) = x_q}, within one sequence (Olsson et al. 2022, arXiv:2209.11895, there for
                ///< repeated random tokens)
  next_symbol,  ///< {k: x_k = what q has to produce}, between two sequences
};

constexpr std::size_t kRoles = 6;
constexpr std::ptrdiff_t kFarthestOffset = 16;

/// "previous", and so on.
std::string_view name_of(Role role);

/// The mass on sets of keys, summed over rows; shares are NaN where there is no row.
struct TargetScore {
  std::size_t rows = 0;  ///< that have such keys
  double mass_sum = 0;
  double chance_sum = 0;
  std::size_t largest = 0;  ///< rows whose largest weight (the first of equal ones) lies on such a key

  double mass() const;
  double chance() const;
  /// mass() / chance()
  double lift() const;
  double argmax() const;

  TargetScore& operator+=(const TargetScore& other);
};

/// Adds the keys that a query of a batch member has to read, where a task knows them.
using RightKeys = std::function<void(std::size_t member, std::size_t query, std::vector<std::size_t>& keys)>;

/// What a pattern says of the maps of a block.
struct PatternRule {
  std::string name{};
  std::string block{};  ///< enc.self, dec.self or dec.cross
  RightKeys right{};
  std::size_t width = 0;  ///< neighbours on each side that count for the mass and its chance, but not as the largest
};

/// All of them for one head, as sums over rows.
struct HeadRoles {
  /// By Role; nothing where the role has no meaning in this layer, as without tokens.
  std::array<std::optional<TargetScore>, kRoles> roles{};
  std::vector<std::optional<TargetScore>> patterns{};         ///< nothing where a pattern speaks of another block
  std::size_t rows = 0;                                       ///< that are no padding
  double largest_sum = 0;                                     ///< of the largest weight of each row
  std::array<double, 2 * kFarthestOffset + 1> offset_sums{};  ///< of the mass at key - query = -16 ... 16
  std::size_t choosing_rows = 0;                              ///< that see two keys or more
  double bits_sum = 0;                                        ///< over these, of the entropy -sum A log2 A
  double share_sum = 0;                                       ///< over these, of the entropy / log2 |V|

  const std::optional<TargetScore>& role(Role role) const { return roles[static_cast<std::size_t>(role)]; }

  /// Means over rows, NaN where there is none.
  double bits() const;
  double share() const;
  double confidence() const;
  double offset(std::ptrdiff_t key_minus_query) const;
};

/// The roles of every head of a layer. `block` says which patterns speak of it. Throws ShapeError when the axes do not
/// fit the weights.
std::vector<HeadRoles> score_roles(const AttentionWeights& weights, const MapAxes& axes, const std::string& block,
                                   const std::vector<PatternRule>& patterns);

/// Makes the sums of a batch those of this batch and of `more` together. Throws ShapeError when they are of other heads.
void merge(std::vector<HeadRoles>& roles, const std::vector<HeadRoles>& more);

/// How much one head reads what a pattern says, where no mask hides anything but padding; whatever block it speaks of.
/// Throws ShapeError when there is no such head.
TargetScore right_score(const AttentionWeights& weights, std::size_t head, const PatternRule& pattern);

/// When a head is called after a role.
struct RoleThresholds {
  double score = 0.4;
  double lift = 3;
  double uniform = 0.9;
};

/// A role or pattern that a head may be called after.
struct RoleCandidate {
  std::string_view name;
  double score;
  double lift;
};

/// The candidate of highest lift (of equal ones the first) among those with enough score and lift; else "uniform" where
/// the share of the entropy is above its threshold; else "—". What is NaN does not count.
std::string role_tag(std::span<const RoleCandidate> candidates, double entropy_share,
                     const RoleThresholds& thresholds = {});

}  // namespace headlight
