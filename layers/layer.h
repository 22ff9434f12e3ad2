#pragma once

#include "layers/context.h"
#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// A module that maps one tensor to another. A layer of yours derives from it, declares parameters with parameter()
/// and children with child(), and overrides forward(); see layers/README.md.
class Layer : public Module {
 public:
  /// Call a layer as a function, `y = layer(x, context)`: this runs forward() and lets messages name the layer.
  Tensor operator()(const Tensor& x, const Context& context) {
    const LayerScope scope(scope_path());
    return context.hooks == nullptr ? forward(x, context) : forward_hooked(x, context);
  }

  virtual Tensor forward(const Tensor& x, const Context& context) = 0;

 private:
  Tensor forward_hooked(const Tensor& x, const Context& context);
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
