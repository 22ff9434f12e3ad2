#pragma once

#include <cstddef>

#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct Conv1dLayerOptions {
  std::size_t in = 0;
  std::size_t out = 0;
  std::size_t kernel = 3;  ///< K positions under one output
  std::size_t dilation = 1;
  bool bias = true;
  bool causal = false;  ///< look back only; under a causal Context::mask it always does
};

/// A convolution over time that keeps the length: (B, T, in) -> (B, T, out). Causal: position t sees t - (K - 1) dilation
/// to t. Otherwise it stands in the middle, with one position more ahead than behind for an even K (PyTorch's "same").
/// Positions outside of the sequence and behind Mask::lengths() of Context::mask are 0. It has no memory for cached
/// generation: with a kernel above 1 and Context::offset it throws StateError.
/// Parameters `weight` (out, in, K) in PyTorch's order and `bias` (out). Throws ConfigError on a size of 0, ShapeError
/// when x does not fit.
class Conv1dLayer : public Layer {
 public:
  Conv1dLayer(const Conv1dLayerOptions& options, Init& init);

  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  std::size_t reach_;  ///< (K - 1) dilation
  std::size_t dilation_;
  bool causal_;
  Tensor weight_;
  Tensor bias_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
