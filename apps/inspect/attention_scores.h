#pragma once

#include <cstddef>
#include <functional>
#include <optional>
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

/// The key that each query has to read, where a task knows it.
using ExpectedKey = std::function<std::optional<std::size_t>(std::size_t query)>;

/// Mean over the rows that have an expected key k of the sum of A[i, k - width ... k + width]; nothing when none has.
std::optional<double> expected_mass(const AttentionWeights& weights, std::size_t head, const ExpectedKey& expected,
                                    std::size_t width);

/// All of them for one head.
struct HeadScores {
  std::size_t layer = 0;
  std::size_t head = 0;
  double antidiag_argmax = 0;
  double antidiag_mass = 0;          ///< width 1
  double diagonal = 0;               ///< diag_mass(0, 0)
  double previous = 0;               ///< diag_mass(-1, 0)
  double entropy = 0;                ///< in nats
  std::optional<double> expected{};  ///< width 1
};

/// The scores of every head of every layer, layer by layer.
std::vector<HeadScores> score_heads(const std::vector<AttentionWeights>& layers, const ExpectedKey& expected);

/// The most telling head: the most mass on what the task expects, where it expects something; else the least entropy.
/// Of equal ones the first. Throws ShapeError when there is none.
const HeadScores& best_head(const std::vector<HeadScores>& scores);

}  // namespace headlight
