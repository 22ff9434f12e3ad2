#include "layers/sequential.h"

#include <string>
#include <utility>

namespace headlight::inline HEADLIGHT_PRECISION {

Sequential::Sequential(std::vector<std::unique_ptr<Layer>> layers) {
  for (std::unique_ptr<Layer>& layer : layers) {
    layers_.push_back(layer.get());
    adopt(std::to_string(layers_.size() - 1), std::move(layer));
  }
}

Tensor Sequential::forward(const Tensor& x, const Context& context) {
  Tensor y = x;
  for (Layer* layer : layers_) y = (*layer)(y, context);
  return y;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
