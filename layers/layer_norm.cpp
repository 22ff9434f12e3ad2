#include "layers/layer_norm.h"

#include "autograd/ops/normalize.h"
#include "layers/norm_checks.h"

namespace headlight::inline HEADLIGHT_PRECISION {

LayerNorm::LayerNorm(const LayerNormOptions& options, Init& init)
    : width_(options.width), eps_(checked_eps("layer_norm", options.width, options.eps)) {
  if (options.gain) gain_ = parameter("gain", init.ones(width_));
  if (options.bias) bias_ = parameter("bias", init.zeros(width_));
}

Tensor LayerNorm::forward(const Tensor& x, const Context&) {
  check_last_axis("layer_norm", x, width_);
  return layer_norm(x, gain_, bias_, eps_);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
