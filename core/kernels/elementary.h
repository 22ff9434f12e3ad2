#pragma once

#include <cstddef>

#include "core/real.h"

/// Elementary functions on spans of n elements; y may be x. The value of an element depends on that element alone, not
/// on its position, alignment or neighbours. Accuracy as stated in core/kernels/vector_math.h. NaN gives NaN.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// y = exp(x): 0 at -inf, inf at inf, gradual underflow.
void exp(const Real* x, Real* y, std::size_t n);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
