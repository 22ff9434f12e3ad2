#pragma once

#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Drops elements with probability p while training, and does nothing otherwise: (...) -> (...).
/// Throws ConfigError when p is outside [0, 1), StateError when training without Context::random.
class Dropout : public Layer {
 public:
  explicit Dropout(double p);
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  double p_;
};

/// The key of the next dropout of a forward pass. Throws StateError in the name of `where` without Context::random.
kernels::DropoutKey next_dropout_key(const Context& context, const char* where);

}  // namespace headlight::inline HEADLIGHT_PRECISION
