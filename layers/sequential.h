#pragma once

#include <memory>
#include <vector>

#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// y = layer_n(... layer_1(x)): children are named "0", "1", ... in order. Without layers it is the identity.
/// Throws StateError on a null layer.
class Sequential : public Layer {
 public:
  explicit Sequential(std::vector<std::unique_ptr<Layer>> layers);
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  std::vector<Layer*> layers_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
