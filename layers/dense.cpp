#include "layers/dense.h"

#include <fmt/format.h>

#include "autograd/ops/linear.h"
#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Dense::Dense(const DenseOptions& options, Init& init) : activation_(options.activation) {
  if (options.in == 0 || options.out == 0) {
    raise<ConfigError>("dense", "both widths must be at least 1",
                       fmt::format("in {}, out {}", options.in, options.out));
  }
  weight_ = parameter("weight", init.weight(options.out, options.in, options.role));
  if (options.bias) bias_ = parameter("bias", init.bias(options.out, options.in, options.role));
}

Tensor Dense::forward(const Tensor& x, const Context&) { return linear(x, weight_, bias_, activation_); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
