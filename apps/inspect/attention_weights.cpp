#include "apps/inspect/attention_weights.h"

#include <fmt/format.h>

#include "core/error.h"

namespace headlight {
namespace {

void check_place(const AttentionWeights& weights, std::size_t head, std::size_t member) {
  if (head < weights.heads && member < weights.batch) return;
  raise<ShapeError>("attention map", fmt::format("there is no head {} of batch member {}", head, member),
                    fmt::format("{} heads, {} members", weights.heads, weights.batch));
}

}  // namespace

void append(AttentionWeights& weights, const AttentionWeights& more) {
  if (weights.heads != more.heads || weights.queries != more.queries || weights.keys != more.keys) {
    raise<ShapeError>("attention weights", "only batches of one layer and one length can be joined",
                      fmt::format("({}, {}, {}) and ({}, {}, {})", weights.heads, weights.queries, weights.keys,
                                  more.heads, more.queries, more.keys));
  }
  weights.batch += more.batch;
  weights.hidden_rows += more.hidden_rows;
  weights.weights.insert(weights.weights.end(), more.weights.begin(), more.weights.end());
}

std::vector<float> head_map(const AttentionWeights& weights, std::size_t head, std::size_t member) {
  check_place(weights, head, member);
  const float* const first = weights.row(member, head, 0);
  return {first, first + weights.queries * weights.keys};
}

std::vector<float> mean_head_map(const AttentionWeights& weights, std::size_t head) {
  check_place(weights, head, 0);
  const std::size_t cells = weights.queries * weights.keys;
  std::vector<double> sums(cells, 0);
  for (std::size_t member = 0; member < weights.batch; ++member) {
    const float* const map = weights.row(member, head, 0);
    for (std::size_t i = 0; i < cells; ++i) sums[i] += static_cast<double>(map[i]);
  }
  std::vector<float> mean(cells);
  for (std::size_t i = 0; i < cells; ++i) mean[i] = static_cast<float>(sums[i] / static_cast<double>(weights.batch));
  return mean;
}

}  // namespace headlight
