#pragma once

#include <cstddef>

#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct RMSNormOptions {
  std::size_t width = 0;
  double eps = 1e-5;  ///< LLaMA 2's; PyTorch's default is the machine epsilon of x, Keras's 1e-6
  bool gain = true;
  bool bias = false;  ///< the paper has none
};

/// y = gain * x / sqrt(mean(x^2) + eps) [+ bias] over the last axis: (..., C) -> (..., C). Parameters `gain` (C, ones)
/// and, on request, `bias` (C, zeros). Throws ConfigError on a width of 0, a negative eps or one that is 0 only once it
/// is rounded to Real; ShapeError when x does not end in C.
/// Source: Zhang & Sennrich 2019, arXiv:1910.07467, section 4.
class RMSNorm : public Layer {
 public:
  RMSNorm(const RMSNormOptions& options, Init& init);

  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  std::size_t width_;
  Real eps_;
  Tensor gain_;
  Tensor bias_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
