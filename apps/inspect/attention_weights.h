#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace headlight {

/// Attention weights of one layer for a batch, in float whatever the model computes in.
struct AttentionWeights {
  std::string path{};  ///< of the layer: "layers.0.attention"
  std::size_t batch = 0;
  std::size_t heads = 0;
  std::size_t queries = 0;
  std::size_t keys = 0;
  std::vector<float> weights{};  ///< (B, H, Tq, Tk), row-major
  std::size_t hidden_rows = 0;   ///< rows (b, h, q) in which every key is hidden
  /// Queries of each member that are no padding, which scores and means leave out; empty: all.
  std::vector<std::size_t> real_queries{};

  std::size_t queries_of(std::size_t member) const { return real_queries.empty() ? queries : real_queries[member]; }

  /// The Tk weights of one query.
  const float* row(std::size_t member, std::size_t head, std::size_t query) const {
    return weights.data() + ((member * heads + head) * queries + query) * keys;
  }
};

/// Adds the batch members of `more` behind those of `weights`. Throws ShapeError unless all but the batches agree.
void append(AttentionWeights& weights, const AttentionWeights& more);

/// The map of one head for one batch member: (Tq, Tk), row-major. Throws ShapeError when there is no such head or member.
std::vector<float> head_map(const AttentionWeights& weights, std::size_t head, std::size_t member);

/// The mean maps of a layer over batches, of which some may be longer than others: row q is the mean over the members
/// that have a query q which is no padding.
class MeanAttention {
 public:
  /// Throws ShapeError when the number of heads is another than before.
  void add(const AttentionWeights& batch);

  /// Of one member, with the path of the first batch; a row that no member has is 0.
  AttentionWeights mean() const;

 private:
  void grow(std::size_t queries, std::size_t keys);

  AttentionWeights shape_{};            // of the sums; it holds no weights
  std::vector<double> sums_{};          // (H, Tq, Tk)
  std::vector<std::size_t> members_{};  // that have query q
};

}  // namespace headlight
