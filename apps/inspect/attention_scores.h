#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "apps/inspect/attention_weights.h"

/// Numbers that say what a head looks at, averaged over the rows of all sequences of a batch. T is the number of keys,
/// A[i, j] the weight that query i gives to key j. All throw ShapeError when the head does not exist or there is no
/// row.
namespace headlight {

/// Mean over rows i of the sum of A[i, i + offset - width ... i + offset + width]; places outside the map count as 0.
/// A head that reads the previous token has offset -1.
double diag_mass(const AttentionWeights& weights, std::size_t head, std::ptrdiff_t offset, std::size_t width);

/// The same around the anti-diagonal, j = T - 1 - i: what reversing a sequence needs.
double antidiag_mass(const AttentionWeights& weights, std::size_t head, std::size_t width);

/// Share of the rows whose largest weight (the first of equal ones) lies at T - 1 - i.
double antidiag_argmax(const AttentionWeights& weights, std::size_t head);

/// Mean over rows of -sum A log A, in nats: 0 for a head that reads one key, log T for one that reads all alike.
double entropy(const AttentionWeights& weights, std::size_t head);

/// Adds the keys that a query of a batch member has to read, where a task knows them.
using RightKeys = std::function<void(std::size_t member, std::size_t query, std::vector<std::size_t>& keys)>;

/// What a pattern says of the maps of a block.
struct PatternRule {
  std::string name{};
  std::string block{};  ///< enc.self, dec.self or dec.cross
  RightKeys right{};
  std::size_t width = 0;  ///< neighbours on each side that count as right for the mass
};

/// How much a head reads what it has to, over the rows that have a right key; zeros when there is none.
struct RightScore {
  std::size_t rows = 0;
  double mass = 0;    ///< mean weight of the right keys and their neighbours
  double argmax = 0;  ///< share of rows whose largest weight (the first of equal ones) lies on a right key itself
};

RightScore right_score(const AttentionWeights& weights, std::size_t head, const PatternRule& pattern);

/// All of them for one head.
struct HeadScores {
  std::size_t layer = 0;
  std::size_t head = 0;
  std::size_t rows = 0;             ///< over which the next three are means
  double diagonal = 0;              ///< diag_mass(0, 0)
  double previous = 0;              ///< diag_mass(-1, 0)
  double entropy = 0;               ///< in nats
  std::vector<RightScore> right{};  ///< of each pattern; without rows where it speaks of another block
};

/// The scores of every head of every layer, layer by layer; `blocks` names that of each layer.
std::vector<HeadScores> score_heads(const std::vector<AttentionWeights>& layers, const std::vector<std::string>& blocks,
                                    const std::vector<PatternRule>& patterns);

/// Makes the scores of a batch those of this batch and of `more` together. Throws ShapeError when they are of other heads.
void merge(std::vector<HeadScores>& scores, const std::vector<HeadScores>& more);

/// The most telling head: the most mass on the right keys of the first pattern, where there is one; else the least
/// entropy.
/// Of equal ones the first. Throws ShapeError when there is none.
const HeadScores& best_head(const std::vector<HeadScores>& scores);

}  // namespace headlight
