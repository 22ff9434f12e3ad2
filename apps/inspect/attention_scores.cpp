#include "apps/inspect/attention_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace headlight {
namespace {

void check_head(const AttentionWeights& weights, std::size_t head) {
  if (head < weights.heads && weights.batch > 0 && weights.queries > 0 && weights.keys > 0) return;
  raise<ShapeError>("attention scores", fmt::format("there is no row of head {}", head),
                    fmt::format("({}, {}, {}, {})", weights.batch, weights.heads, weights.queries, weights.keys));
}

/// Mean of figure(row, query) over all rows.
template <class Figure>
double mean_over_rows(const AttentionWeights& weights, std::size_t head, Figure figure) {
  check_head(weights, head);
  double sum = 0;
  for (std::size_t member = 0; member < weights.batch; ++member) {
    for (std::size_t query = 0; query < weights.queries; ++query)
      sum += figure(weights.row(member, head, query), query);
  }
  return sum / (static_cast<double>(weights.batch) * static_cast<double>(weights.queries));
}

/// Sum of a row over the keys center - width ... center + width that exist.
double band(const float* row, std::size_t keys, std::ptrdiff_t center, std::size_t width) {
  const auto reach = static_cast<std::ptrdiff_t>(width);
  const std::ptrdiff_t end = std::min(center + reach + 1, static_cast<std::ptrdiff_t>(keys));
  double sum = 0;
  for (std::ptrdiff_t key = std::max<std::ptrdiff_t>(center - reach, 0); key < end; ++key) {
    sum += static_cast<double>(row[key]);
  }
  return sum;
}

std::ptrdiff_t mirrored(const AttentionWeights& weights, std::size_t query) {
  return static_cast<std::ptrdiff_t>(weights.keys) - 1 - static_cast<std::ptrdiff_t>(query);
}

}  // namespace

double diag_mass(const AttentionWeights& weights, std::size_t head, std::ptrdiff_t offset, std::size_t width) {
  return mean_over_rows(weights, head, [&](const float* row, std::size_t query) {
    return band(row, weights.keys, static_cast<std::ptrdiff_t>(query) + offset, width);
  });
}

double antidiag_mass(const AttentionWeights& weights, std::size_t head, std::size_t width) {
  return mean_over_rows(weights, head, [&](const float* row, std::size_t query) {
    return band(row, weights.keys, mirrored(weights, query), width);
  });
}

double antidiag_argmax(const AttentionWeights& weights, std::size_t head) {
  return mean_over_rows(weights, head, [&](const float* row, std::size_t query) {
    return std::max_element(row, row + weights.keys) - row == mirrored(weights, query) ? 1.0 : 0.0;
  });
}

double entropy(const AttentionWeights& weights, std::size_t head) {
  return mean_over_rows(weights, head, [&](const float* row, std::size_t) {
    double sum = 0;
    for (std::size_t key = 0; key < weights.keys; ++key) {
      const auto weight = static_cast<double>(row[key]);
      if (weight > 0) sum -= weight * std::log(weight);
    }
    return sum;
  });
}

std::optional<double> expected_mass(const AttentionWeights& weights, std::size_t head, const ExpectedKey& expected,
                                    std::size_t width) {
  std::size_t rows = 0;
  const double mean = mean_over_rows(weights, head, [&](const float* row, std::size_t query) {
    const std::optional<std::size_t> key = expected(query);
    if (!key) return 0.0;
    ++rows;
    return band(row, weights.keys, static_cast<std::ptrdiff_t>(*key), width);
  });
  if (rows == 0) return std::nullopt;
  return mean * static_cast<double>(weights.batch * weights.queries) / static_cast<double>(rows);
}

std::vector<HeadScores> score_heads(const std::vector<AttentionWeights>& layers, const ExpectedKey& expected) {
  std::vector<HeadScores> scores;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const AttentionWeights& weights = layers[layer];
    for (std::size_t head = 0; head < weights.heads; ++head) {
      scores.push_back({.layer = layer,
                        .head = head,
                        .antidiag_argmax = antidiag_argmax(weights, head),
                        .antidiag_mass = antidiag_mass(weights, head, 1),
                        .diagonal = diag_mass(weights, head, 0, 0),
                        .previous = diag_mass(weights, head, -1, 0),
                        .entropy = entropy(weights, head),
                        .expected = expected_mass(weights, head, expected, 1)});
    }
  }
  return scores;
}

const HeadScores& best_head(const std::vector<HeadScores>& scores) {
  if (scores.empty()) raise<ShapeError>("attention scores", "there is no head to choose from");
  // A head for which the task expects something outranks one for which it does not.
  const auto rank = [](const HeadScores& head) { return head.expected ? 1 + *head.expected : -head.entropy; };
  return *std::max_element(scores.begin(), scores.end(),
                           [&](const HeadScores& a, const HeadScores& b) { return rank(a) < rank(b); });
}

}  // namespace headlight
