#include "layers/residual.h"

#include <utility>

#include "autograd/ops/arithmetic.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Tensor residual_step(const Tensor& x, Layer& body, Layer* norm, NormPlacement placement, Layer& dropout,
                     const Context& context) {
  const Tensor y = dropout(body(placement == NormPlacement::pre ? (*norm)(x, context) : x, context), context);
  if (y.shape() != x.shape()) {
    raise<ShapeError>("residual", "the layer inside changes the shape, so its result cannot be added to its input",
                      "x " + to_string(x.shape()) + ", f(x) " + to_string(y.shape()) + " in `" + body.path() + "`",
                      "give it the same width in and out");
  }
  const Tensor sum = x + y;
  return placement == NormPlacement::post ? (*norm)(sum, context) : sum;
}

Residual::Residual(const ResidualOptions& options, std::unique_ptr<Layer> body, Init& init)
    : placement_(options.norm), body_(body.get()), dropout_(child<Dropout>("dropout", options.dropout)) {
  adopt("body", std::move(body));
  if (placement_ != NormPlacement::none) norm_ = &child<LayerNorm>("norm", options.layer_norm, init);
}

Tensor Residual::forward(const Tensor& x, const Context& context) {
  return residual_step(x, *body_, norm_, placement_, dropout_, context);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
