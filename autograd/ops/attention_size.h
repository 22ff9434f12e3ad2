#pragma once

#include <cstddef>

#include "autograd/ops/attention.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The extents of one attention, checked: what attention() and composed_attention() share.
struct AttentionSize {
  std::size_t batch, heads, queries, keys, head_size, value_size;
  Real scale;

  Shape weights_shape() const { return {batch, heads, queries, keys}; }
};

/// Throws as attention() does.
AttentionSize attention_size(const Tensor& query, const Tensor& key, const Tensor& value,
                             const AttentionOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
