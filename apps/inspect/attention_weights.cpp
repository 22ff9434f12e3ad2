#include "apps/inspect/attention_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

void MeanAttention::grow(std::size_t queries, std::size_t keys) {
  queries = std::max(queries, shape_.queries);
  keys = std::max(keys, shape_.keys);
  if (queries == shape_.queries && keys == shape_.keys) return;
  std::vector<double> grown(shape_.heads * queries * keys, 0);
  for (std::size_t row = 0; row < shape_.heads * shape_.queries; ++row) {
    const std::size_t head = row / shape_.queries;
    const std::size_t query = row % shape_.queries;
    const auto from = sums_.begin() + static_cast<std::ptrdiff_t>(row * shape_.keys);
    std::copy_n(from, shape_.keys, grown.begin() + static_cast<std::ptrdiff_t>((head * queries + query) * keys));
  }
  sums_ = std::move(grown);
  members_.resize(queries, 0);
  shape_.queries = queries;
  shape_.keys = keys;
}

void MeanAttention::add(const AttentionWeights& batch) {
  if (shape_.heads == 0) {
    shape_.path = batch.path;
    shape_.heads = batch.heads;
  }
  if (batch.heads != shape_.heads) {
    raise<ShapeError>("attention map", "batches of one layer have one number of heads",
                      fmt::format("{} and {}", shape_.heads, batch.heads));
  }
  grow(batch.queries, batch.keys);
  for (std::size_t member = 0; member < batch.batch; ++member) {
    for (std::size_t query = 0; query < batch.queries_of(member); ++query) {
      ++members_[query];
      for (std::size_t head = 0; head < batch.heads; ++head) {
        const float* const row = batch.row(member, head, query);
        double* const sum = sums_.data() + (head * shape_.queries + query) * shape_.keys;
        for (std::size_t key = 0; key < batch.keys; ++key) sum[key] += static_cast<double>(row[key]);
      }
    }
  }
}

AttentionWeights MeanAttention::mean() const {
  AttentionWeights mean = shape_;
  mean.batch = 1;
  mean.weights.resize(sums_.size());
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const std::size_t members = members_[i / shape_.keys % shape_.queries];
    mean.weights[i] = members == 0 ? 0 : static_cast<float>(sums_[i] / static_cast<double>(members));
  }
  return mean;
}

}  // namespace headlight
