#pragma once

// A block of two steps whose order shows in the result.
#include <memory>
#include <vector>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/normalize.h"
#include "layers/block.h"
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

inline std::vector<BlockStep> two_steps() {
  std::vector<BlockStep> steps;
  steps.push_back({"first", std::make_unique<Affine>(Real{2})});
  steps.push_back({"second", std::make_unique<Affine>(Real{-3})});
  return steps;
}

// What the two steps and the normalisation before them (eps 1e-5) give.
inline Tensor first(const Tensor& x) { return x * Real{2} + Real{1}; }
inline Tensor second(const Tensor& x) { return x * Real{-3} + Real{1}; }
inline Tensor norm(const Tensor& x) { return normalize(x, Real(1e-5)); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
