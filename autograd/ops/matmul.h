#pragma once

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct MatmulOptions {
  bool transpose_a = false;  ///< a holds (..., k, m)
  bool transpose_b = false;  ///< b holds (..., n, k)
};

/// c = a b for each pair of matrices: a (..., m, k), b (..., k, n) -> c (..., m, n). The leading axes broadcast.
/// Throws ShapeError below rank 2, when the inner extents differ, or when the leading axes do not broadcast.
Tensor matmul(const Tensor& a, const Tensor& b, MatmulOptions options = {});

}  // namespace headlight::inline HEADLIGHT_PRECISION
