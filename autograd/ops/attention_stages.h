#pragma once

#include <cstddef>

#include "autograd/tensor.h"
#include "core/mask.h"

/// The steps of an attention one by one, for everything that attention() does not know: other scores, other weights,
/// values changed on the way. The plain case gives the same bytes either way, in values and gradients:
///
///     attention(q, k, v, {.heads = 4, .mask = mask}).output
///     attention_mix(attention_weights(attention_scores(q, k, {.heads = 4, .mask = mask}), mask).weights, v,
///                   {.mask = mask})
namespace headlight::inline HEADLIGHT_PRECISION {

struct AttentionScoreOptions {
  std::size_t heads = 1;     ///< H
  std::size_t kv_heads = 0;  ///< Hkv, divides H: head h reads key head h / (H / Hkv); 0: H
  Real scale = 1;            ///< finite
  Mask mask = {};            ///< backward may leave out pairs that it hides: their gradient must be 0
};

/// logits(b, h, i, j) = scale * query(b, i, h, :) . key(b, j, h / (H / Hkv), :).
/// query (B, Tq, H D), key (B, Tk, Hkv D) -> (B, H, Tq, Tk).  With S = g scale:  dQ = S K, dK = S^T Q.
/// Throws ShapeError when ranks, batches or widths do not fit, ConfigError when kv_heads does not divide heads or the
/// scale is not finite.
Tensor attention_scores(const Tensor& query, const Tensor& key, const AttentionScoreOptions& options);

/// How logits become weights.
enum class AttentionKind {
  softmax,  ///< exp(logit) over the sum of the row
  sigmoid,  ///< 1 / (1 + exp(-logit + log c)), c the row's number of visible keys; Ramapuram et al. 2024,
            ///< arXiv:2409.04431
  top_k,    ///< softmax over the k largest visible logits; of equal ones the earlier keys
};

struct AttentionWeightOptions {
  AttentionKind kind = AttentionKind::softmax;
  std::size_t top_k = 0;  ///< k >= 1 with AttentionKind::top_k, else 0
};

struct AttentionWeightResult {
  Tensor weights;           ///< (B, H, Tq, Tk)
  Tensor sink;              ///< (B, H, Tq), the weights of the sink; empty without one
  std::size_t hidden_rows;  ///< rows (b, h, q) in which no visible key has a score above -infinity
};

/// Weights over the visible keys of each row of logits (B, H, Tq, Tk), to which the mask's biases are added. Hidden
/// keys have weight exactly 0 and pass no gradient; a row without visible keys is 0.
/// `sink` (B, H, Tq), if given, holds the logit of one more key that no mask hides: it takes part in the softmax
/// (with top_k besides the k keys), so that weights and sink weight of a row sum to 1.
/// Throws ShapeError when shapes or mask do not fit, ConfigError on a k that is missing or meaningless and on a sink
/// with sigmoid, whose weights do not compete.
AttentionWeightResult attention_weights(const Tensor& logits, const Mask& mask,
                                        const AttentionWeightOptions& options = {}, const Tensor& sink = {});

struct AttentionMixOptions {
  std::size_t kv_heads = 0;  ///< Hkv, divides H; 0: H
  Mask mask = {};            ///< products with keys that it hides may be left out: weights there must be 0
};

/// z(b, i, h, :) = sum over j of weights(b, h, i, j) value(b, j, h / (H / Hkv), :).
/// weights (B, H, Tq, Tk), value (B, Tk, Hkv Dv) -> (B, Tq, H Dv).  dW = g V^T, dV = W^T g.
/// Throws ShapeError when ranks, batches, widths, lengths or mask do not fit, ConfigError when kv_heads does not divide
/// the heads.
Tensor attention_mix(const Tensor& weights, const Tensor& value, const AttentionMixOptions& options = {});

/// y = weights where the mask shows the key, exactly 0 where it hides it.  dx = g, 0 where hidden.
/// weights (B, H, Tq, Tk).  Throws ShapeError when the mask does not fit.
Tensor zero_hidden(const Tensor& weights, const Mask& mask);

}  // namespace headlight::inline HEADLIGHT_PRECISION
