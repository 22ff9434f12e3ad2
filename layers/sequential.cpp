#include "layers/sequential.h"

#include <utility>

namespace headlight::inline HEADLIGHT_PRECISION {

Sequential::Sequential(std::vector<NamedLayer> layers) {
  for (NamedLayer& named : layers) {
    layers_.push_back(named.layer.get());
    adopt(named.name, std::move(named.layer));
  }
}

Tensor Sequential::forward(const Tensor& x, const Context& context) {
  Tensor y = x;
  for (Layer* layer : layers_) y = (*layer)(y, context);
  return y;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
