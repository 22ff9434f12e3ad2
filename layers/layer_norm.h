#pragma once

#include <cstddef>

#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct LayerNormOptions {
  std::size_t width = 0;
  double eps = 1e-5;  ///< PyTorch's default; Keras uses 1e-3
  bool gain = true;
  bool bias = true;
};

/// y = gain * (x - mean) / sqrt(var + eps) + bias over the last axis: (..., C) -> (..., C). Parameters `gain` (C, ones)
/// and `bias` (C, zeros). Throws ConfigError on a width of 0, a negative eps or one
/// that is 0 only once it is rounded to Real.
/// Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450, section 3.
class LayerNorm : public Layer {
 public:
  LayerNorm(const LayerNormOptions& options, Init& init);
  LayerNorm(std::size_t width, Init& init) : LayerNorm(LayerNormOptions{.width = width}, init) {}

  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  std::size_t width_;
  Real eps_;
  Tensor gain_;
  Tensor bias_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
