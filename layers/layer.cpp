#include "layers/layer.h"

#include "layers/hooks.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Tensor Layer::forward_hooked(const Tensor& x, const Context& context) {
  const Tensor input = context.hooks->visit(path(), HookPoint::input, x);
  return context.hooks->visit(path(), HookPoint::output, forward(input, context));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
