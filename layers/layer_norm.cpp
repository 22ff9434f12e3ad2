#include "layers/layer_norm.h"

#include <fmt/format.h>

#include "autograd/ops/normalize.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

LayerNorm::LayerNorm(const LayerNormOptions& options, Init& init)
    : width_(options.width), eps_(static_cast<Real>(options.eps)) {
  if (width_ == 0 || !(options.eps >= 0)) {
    raise<ConfigError>("layer_norm", "the width must be at least 1 and eps not negative",
                       fmt::format("width {}, eps {}", options.width, options.eps));
  }
  if (options.eps > 0 && !(eps_ > 0)) {
    // A row of equal elements would be divided 0 / 0.
    raise<ConfigError>("layer_norm", "eps is 0 in the precision of this build", fmt::format("{}", options.eps),
                       "use 1e-30 or more, or 0 itself");
  }
  if (options.gain) gain_ = parameter("gain", init.ones(width_));
  if (options.bias) bias_ = parameter("bias", init.zeros(width_));
}

Tensor LayerNorm::forward(const Tensor& x, const Context&) {
  // With neither gain nor bias nothing else would notice a wrong width.
  if (x.rank() == 0 || x.extent(-1) != width_) {
    raise<ShapeError>("layer_norm", fmt::format("the last axis of x must have {} elements", width_),
                      "x " + to_string(x.shape()));
  }
  return layer_norm(x, gain_, bias_, eps_);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
