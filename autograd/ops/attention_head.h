#pragma once

#include <cstddef>
#include <utility>

#include "core/array.h"
#include "core/gemm.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// One head of one batch member: its index among all (b, h), and its slices of arrays whose heads stand side by side.
struct Head {
  std::size_t batch, head, index;

  /// Head number i of all, with `heads` heads per batch member.
  Head(std::size_t i, std::size_t heads) : batch(i / heads), head(i % heads), index(i) {}

  /// The head that serves this one where keys and values have fewer heads: `group` heads share one.
  Head shared_by(std::size_t group, std::size_t heads) const {
    return Head(batch * (heads / group) + head / group, heads / group);
  }

  /// The head's columns of a (B, T, H width) array.
  ConstMatrix slice(const Array& a, std::size_t width) const {
    const std::size_t time = a.shape()[1];
    const std::size_t stride = a.shape()[2];
    return {a.data() + batch * time * stride + head * width, time, width, stride};
  }
  Matrix slice(Array& a, std::size_t width) const {
    const ConstMatrix m = slice(std::as_const(a), width);
    return {a.data() + (m.data - std::as_const(a).data()), m.rows, m.cols, m.stride};
  }
};

/// The sum over groups of heads: (B, T, H D) -> (B, T, Hkv D), as the gradient of repeat_heads() adds it up.
Array sum_groups(Array per_head, std::size_t kv_heads, std::size_t heads);

}  // namespace headlight::inline HEADLIGHT_PRECISION
