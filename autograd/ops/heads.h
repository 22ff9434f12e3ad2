#pragma once

#include <cstddef>

#include "autograd/tensor.h"

/// Heads side by side (B, T, H D), as projections make them, and heads as an axis of their own (B, H, T, D).
namespace headlight::inline HEADLIGHT_PRECISION {

/// (B, T, H D) -> (B, H, T, D).  dx = g put back.
/// Throws ShapeError unless x has three axes and `heads` >= 1 divides the last.
Tensor split_heads(const Tensor& x, std::size_t heads);

/// (B, H, T, D) -> (B, T, H D), the inverse of split_heads().  Throws ShapeError unless x has four axes.
Tensor merge_heads(const Tensor& x);

/// (B, T, Hkv D) -> (B, T, H D): each of the Hkv heads stands H / Hkv times in a row, which is how grouped keys and
/// values serve H heads of queries.  dx = sum of g over a group, in double.  With Hkv = H it is x itself.
/// Throws ShapeError unless x has three axes, kv_heads >= 1 divides its last axis, and heads is a multiple of kv_heads.
Tensor repeat_heads(const Tensor& x, std::size_t kv_heads, std::size_t heads);

}  // namespace headlight::inline HEADLIGHT_PRECISION
