#pragma once

#include <cstddef>

#include "autograd/tensor.h"

/// Attention scores that are no dot products: each pair of a query and a key is looked at by itself.
/// query (B, Tq, H D), key (B, Tk, Hkv D) -> logits (B, H, Tq, Tk); head h reads key head h / (H / Hkv).
/// Throw ShapeError when ranks, batches or widths do not fit.
namespace headlight::inline HEADLIGHT_PRECISION {

/// logits = sum over d of vector(h, d) tanh(q_d + k_d).  vector (H, D).
/// With u = g vector (1 - tanh^2) at each pair:  dq = sum of u over keys, dk = sum of u over queries,
/// dvector = sum of g tanh over pairs.
/// Source: Bahdanau, Cho & Bengio 2014, arXiv:1409.0473, appendix A.1.2 (whose two matrices are the projections of
/// query and key).
Tensor additive_scores(const Tensor& query, const Tensor& key, const Tensor& vector, std::size_t heads,
                       std::size_t kv_heads);

/// logits = -scale * sum over d of (q_d - k_d)^2.  With u = 2 scale g (k - q) at each pair:  dq = sum of u over keys,
/// dk = -sum of u over queries.
/// Throws ConfigError unless the scale is finite.
/// Source: Kim, Papamakarios & Mnih 2020, arXiv:2006.04710, section 3.2 (there scale = 1 / sqrt(D)).
Tensor distance_scores(const Tensor& query, const Tensor& key, Real scale, std::size_t heads, std::size_t kv_heads);

}  // namespace headlight::inline HEADLIGHT_PRECISION
