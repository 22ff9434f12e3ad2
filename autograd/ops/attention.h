#pragma once

#include <cstddef>
#include <optional>

#include "autograd/tensor.h"
#include "core/kernels/dropout.h"
#include "core/mask.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct AttentionOptions {
  std::size_t heads = 1;           ///< H; divides the last axis of the query
  std::size_t kv_heads = 0;        ///< Hkv, heads of key and value, divides H; 0: H
  std::optional<Real> scale = {};  ///< multiplies the scores, finite; 1 / sqrt(D) by default
  Mask mask = {};
  double dropout = 0;  ///< probability in [0, 1) of dropping a weight
  kernels::DropoutKey dropout_key = {};
};

struct AttentionResult {
  Tensor output;            ///< z (B, Tq, H Dv): the heads side by side, before any output projection
  Tensor weights;           ///< (B, H, Tq, Tk), before dropout; gradients flow through them too
  std::size_t hidden_rows;  ///< rows (b, h, q) in which no visible key has a score above -infinity
};

/// Scaled dot-product attention of all heads as one node. With head h's slices of the last axes:
///   weights = softmax(scale Q K^T + bias) over the visible keys,   z = dropout(weights) V.
/// query (B, Tq, H D), key (B, Tk, Hkv D), value (B, Tk, Hkv Dv). Head h reads key and value head h / (H / Hkv): the
/// same bytes, in values and gradients, as with repeat_heads() of key and value.
/// A hidden key has weight exactly 0. A row whose keys are all hidden has zero weights, a zero result and passes no
/// gradient to query, key or value.
/// Throws ShapeError when ranks, batches, widths or lengths do not fit or the mask does not fit (B, H, Tq, Tk),
/// ConfigError on no heads, kv_heads that do not divide them, a scale that is not finite or a dropout outside [0, 1), NumericError when several biases of
/// the mask add up to +infinity.
/// Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.
AttentionResult attention(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionOptions& options);

/// The same function from plain operations: slower and larger, but with a derivative that nobody had to work out. The
/// partner of attention() in tests, and the way for scores that attention() does not know.
AttentionResult composed_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                   const AttentionOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
