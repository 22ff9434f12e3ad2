#pragma once

#include <cstddef>

#include "autograd/tensor.h"

/// Softmax and its logarithm along one axis (from the end when negative); y has the shape of x. Fast along the last
/// axis; along another one it pays for a transposed copy. Throw ShapeError for an axis out of range, so on a scalar.
namespace headlight::inline HEADLIGHT_PRECISION {

/// y = e^x / sum e^x, without overflow.  dx = y (g - sum(g y)).
/// Along an axis that holds NaN or +infinity, or nothing but -infinity, y is NaN.
Tensor softmax(const Tensor& x, std::ptrdiff_t axis = -1);

/// y = x - log sum e^x, without overflow.  dx = g - e^y sum(g).
Tensor log_softmax(const Tensor& x, std::ptrdiff_t axis = -1);

}  // namespace headlight::inline HEADLIGHT_PRECISION
