#include "layers/vector_input.h"

#include <fmt/format.h>

#include "autograd/ops/linear.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

VectorInput::VectorInput(const VectorInputOptions& options, Init& init) : features_(options.features) {
  if (options.features == 0 || options.width == 0) {
    raise<ConfigError>("vector_input", "features and width must be at least 1",
                       fmt::format("features {}, width {}", options.features, options.width));
  }
  weight_ = parameter("weight", init.weight(options.width, options.features, WeightRole::vector_input));
  if (options.bias) bias_ = parameter("bias", init.bias(options.width, options.features));
}

Tensor VectorInput::read(const ModelInput& input) {
  const Tensor& x = input.vectors();
  if (x.rank() != 3 || x.extent(2) != features_) {
    raise<ShapeError>("vector_input", fmt::format("vectors must be (B, T, {})", features_), to_string(x.shape()));
  }
  return linear(x, weight_, bias_);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
