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
  std::size_t rows = 0;
  for (std::size_t member = 0; member < weights.batch; ++member) {
    for (std::size_t query = 0; query < weights.queries_of(member); ++query, ++rows) {
      sum += figure(weights.row(member, head, query), query);
    }
  }
  return rows == 0 ? 0 : sum / static_cast<double>(rows);
}

std::size_t rows_of(const AttentionWeights& weights) {
  std::size_t rows = 0;
  for (std::size_t member = 0; member < weights.batch; ++member) rows += weights.queries_of(member);
  return rows;
}

/// Adds the rows of one mean to another.
class Weighted {
 public:
  Weighted(std::size_t rows, std::size_t more)
      : share_(more == 0 ? 0 : static_cast<double>(more) / static_cast<double>(rows + more)) {}
  void add(double& mean, double more) const { mean += (more - mean) * share_; }

 private:
  double share_;
};

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

RightScore right_score(const AttentionWeights& weights, std::size_t head, const PatternRule& pattern) {
  check_head(weights, head);
  RightScore score;
  std::vector<std::size_t> keys;
  std::vector<bool> counted(weights.keys);
  for (std::size_t member = 0; member < weights.batch; ++member) {
    for (std::size_t query = 0; query < weights.queries_of(member); ++query) {
      keys.clear();
      pattern.right(member, query, keys);
      std::erase_if(keys, [&](std::size_t key) { return key >= weights.keys; });
      if (keys.empty()) continue;
      const float* const row = weights.row(member, head, query);
      const auto largest = static_cast<std::size_t>(std::max_element(row, row + weights.keys) - row);
      ++score.rows;
      score.argmax += std::find(keys.begin(), keys.end(), largest) != keys.end() ? 1 : 0;
      counted.assign(weights.keys, false);
      for (const std::size_t key : keys) {
        const std::size_t first = key - std::min(key, pattern.width);
        for (std::size_t k = first; k <= std::min(key + pattern.width, weights.keys - 1); ++k) {
          if (!counted[k]) score.mass += static_cast<double>(row[k]);
          counted[k] = true;
        }
      }
    }
  }
  if (score.rows > 0) {
    score.mass /= static_cast<double>(score.rows);
    score.argmax /= static_cast<double>(score.rows);
  }
  return score;
}

std::vector<HeadScores> score_heads(const std::vector<AttentionWeights>& layers, const std::vector<std::string>& blocks,
                                    const std::vector<PatternRule>& patterns) {
  std::vector<HeadScores> scores;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const AttentionWeights& weights = layers[layer];
    for (std::size_t head = 0; head < weights.heads; ++head) {
      HeadScores& own = scores.emplace_back(HeadScores{.layer = layer,
                                                       .head = head,
                                                       .rows = rows_of(weights),
                                                       .diagonal = diag_mass(weights, head, 0, 0),
                                                       .previous = diag_mass(weights, head, -1, 0),
                                                       .entropy = entropy(weights, head)});
      for (const PatternRule& pattern : patterns) {
        const bool speaks = pattern.block == blocks.at(layer);
        own.right.push_back(speaks ? right_score(weights, head, pattern) : RightScore{});
      }
    }
  }
  return scores;
}

void merge(std::vector<HeadScores>& scores, const std::vector<HeadScores>& more) {
  const auto same = [](const HeadScores& a, const HeadScores& b) {
    return a.layer == b.layer && a.head == b.head && a.right.size() == b.right.size();
  };
  if (!std::equal(scores.begin(), scores.end(), more.begin(), more.end(), same)) {
    raise<ShapeError>("attention scores", "only scores of the same heads can be merged",
                      fmt::format("{} and {} heads", scores.size(), more.size()));
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    HeadScores& own = scores[i];
    const Weighted all(own.rows, more[i].rows);
    all.add(own.diagonal, more[i].diagonal);
    all.add(own.previous, more[i].previous);
    all.add(own.entropy, more[i].entropy);
    own.rows += more[i].rows;
    for (std::size_t p = 0; p < own.right.size(); ++p) {
      const RightScore& right = more[i].right[p];
      const Weighted spoken(own.right[p].rows, right.rows);
      spoken.add(own.right[p].mass, right.mass);
      spoken.add(own.right[p].argmax, right.argmax);
      own.right[p].rows += right.rows;
    }
  }
}

const HeadScores& best_head(const std::vector<HeadScores>& scores) {
  if (scores.empty()) raise<ShapeError>("attention scores", "there is no head to choose from");
  // A head of which a pattern speaks outranks one of which none does.
  const auto rank = [](const HeadScores& head) {
    const bool spoken_of = !head.right.empty() && head.right.front().rows > 0;
    return spoken_of ? 1 + head.right.front().mass : -head.entropy;
  };
  return *std::max_element(scores.begin(), scores.end(),
                           [&](const HeadScores& a, const HeadScores& b) { return rank(a) < rank(b); });
}

}  // namespace headlight
