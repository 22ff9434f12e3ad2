#pragma once

#include <cstddef>

#include "autograd/tensor.h"

/// What the normalisation layers check alike.
namespace headlight::inline HEADLIGHT_PRECISION {

/// eps as a Real. Throws ConfigError in the name of `layer` on a width of 0, on an eps that is negative or NaN, and on
/// one that is infinite, or 0 only once it is rounded.
Real checked_eps(const char* layer, std::size_t width, double eps);

/// Throws ShapeError in the name of `layer` unless x ends in `width` elements: with neither gain nor bias nothing else
/// would notice.
void check_last_axis(const char* layer, const Tensor& x, std::size_t width);

}  // namespace headlight::inline HEADLIGHT_PRECISION
