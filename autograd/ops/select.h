#pragma once

#include <utility>

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

/// Truth values for where(): an element that is not 0 is true. A type of its own, because xtensor would answer a call
/// of where() with naked Tokens.
class Condition {
 public:
  explicit Condition(Tokens truth) : truth_(std::move(truth)) {}
  const Tokens& truth() const { return truth_; }

 private:
  Tokens truth_;
};

/// y = condition ? a : b; all three broadcast together. The value that was not chosen receives the gradient 0, whatever
/// it is: NaN there does no harm.
Tensor where(const Condition& condition, const Tensor& a, const Tensor& b);
Tensor where(const Condition& condition, const Tensor& a, Real b);
Tensor where(const Condition& condition, Real a, const Tensor& b);

}  // namespace headlight::inline HEADLIGHT_PRECISION
