#pragma once

#include "autograd/tensor.h"

/// Choosing between values, element by element, broadcasting as in arithmetic.h.
namespace headlight::inline HEADLIGHT_PRECISION {

/// y = max(a, b); NaN where either is NaN. The gradient goes to the larger one; at a tie half to each, where one is NaN
/// whole to each (as PyTorch 1.13).
Tensor maximum(const Tensor& a, const Tensor& b);

/// y = min(a, b); NaN where either is NaN. The gradient goes to the smaller one; at a tie half to each, where one is
/// NaN whole to each (as PyTorch 1.13).
Tensor minimum(const Tensor& a, const Tensor& b);

/// y = min(max(x, low), high); NaN stays. The gradient is 1 inside and at both bounds, else 0 (as PyTorch 1.13).
/// An infinite bound bounds nothing. Throws ConfigError unless low <= high.
Tensor clamp(const Tensor& x, Real low, Real high);

/// y = condition != 0 ? a : b; all three broadcast together. No gradient for the condition, and none for the value that
/// was not chosen, whatever it is: NaN there does no harm.
Tensor where(const Tokens& condition, const Tensor& a, const Tensor& b);
Tensor where(const Tokens& condition, const Tensor& a, Real b);
Tensor where(const Tokens& condition, Real a, const Tensor& b);

}  // namespace headlight::inline HEADLIGHT_PRECISION
