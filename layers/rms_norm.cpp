#include "layers/rms_norm.h"

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/normalize.h"
#include "layers/norm_checks.h"

namespace headlight::inline HEADLIGHT_PRECISION {

RMSNorm::RMSNorm(const RMSNormOptions& options, Init& init)
    : width_(options.width), eps_(checked_eps("rms_norm", options.width, options.eps)) {
  if (options.gain) gain_ = parameter("gain", init.ones(width_));
  if (options.bias) bias_ = parameter("bias", init.zeros(width_));
}

Tensor RMSNorm::forward(const Tensor& x, const Context&) {
  check_last_axis("rms_norm", x, width_);
  const Tensor y = rms_norm(x, gain_, eps_);
  return bias_.defined() ? y + bias_ : y;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
