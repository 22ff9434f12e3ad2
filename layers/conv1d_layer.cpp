#include "layers/conv1d_layer.h"

#include <fmt/format.h>

#include "autograd/ops/conv1d.h"
#include "core/error.h"
#include "core/shape.h"
#include "layers/padding.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Conv1dLayer::Conv1dLayer(const Conv1dLayerOptions& options, Init& init)
    : reach_((options.kernel - 1) * options.dilation), dilation_(options.dilation), causal_(options.causal) {
  if (options.in == 0 || options.out == 0 || options.kernel == 0 || options.dilation == 0) {
    raise<ConfigError>("conv1d", "widths, kernel and dilation must be at least 1",
                       fmt::format("in {}, out {}, kernel {}, dilation {}", options.in, options.out, options.kernel,
                                   options.dilation));
  }
  weight_ = parameter("weight", init.conv_weight(options.out, options.in, options.kernel));
  if (options.bias) bias_ = parameter("bias", init.bias(options.out, options.in * options.kernel));
}

Tensor Conv1dLayer::forward(const Tensor& x, const Context& context) {
  if (x.rank() != 3) raise<ShapeError>("conv1d", "x must be (B, T, C)", to_string(x.shape()));
  if (reach_ > 0 && context.offset > 0) {
    raise<StateError>("conv1d", "the positions before x are not kept, so a convolution cannot go on behind them",
                      fmt::format("offset {} in `{}`", context.offset, path()), "generate without a cache");
  }
  const bool causal = causal_ || context.mask.is_causal();
  const std::size_t behind = causal ? reach_ : reach_ / 2;
  return conv1d(zero_padding(x, context.mask, "conv1d"), weight_, bias_,
                {.dilation = dilation_, .pad_left = behind, .pad_right = reach_ - behind});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
