#pragma once

#include "autograd/ops/arithmetic.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// y = factor * x + 1: shows in which order things happened.
class Affine : public Layer {
 public:
  explicit Affine(Real factor) : factor_(factor) {}
  Tensor forward(const Tensor& x, const Context& /*context*/) override { return x * factor_ + Real{1}; }

 private:
  Real factor_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
