#pragma once

#include <vector>

#include "layers/layer.h"
#include "layers/layer_config.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// y = layer_n(... layer_1(x)): children have the layers' names. Without layers it is the identity.
/// Throws StateError on a null layer or a name that is there twice.
class Sequential : public Layer {
 public:
  explicit Sequential(std::vector<NamedLayer> layers);
  Tensor forward(const Tensor& x, const Context& context) override;

  const std::vector<Layer*>& layers() const { return layers_; }

 private:
  std::vector<Layer*> layers_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
