#pragma once

#include <cstddef>

#include "autograd/ops/attention.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The extents of one attention, checked: what attention() and composed_attention() share.
struct AttentionSize {
  std::size_t batch, heads, kv_heads, queries, keys, head_size, value_size;
  Real scale;

  /// Heads that share one key and value head.
  std::size_t group() const { return heads / kv_heads; }

  Shape weights_shape() const { return {batch, heads, queries, keys}; }
};

/// Throws as attention() does.
AttentionSize attention_size(const Tensor& query, const Tensor& key, const Tensor& value,
                             const AttentionOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
