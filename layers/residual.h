#pragma once

#include <cstddef>
#include <memory>

#include "layers/dropout.h"
#include "layers/layer.h"
#include "layers/layer_norm.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Where the normalisation of a residual step stands.
enum class NormPlacement {
  pre,   ///< x + dropout(f(norm(x)))   (Xiong et al. 2020, arXiv:2002.04745)
  post,  ///< norm(x + dropout(f(x)))   (Vaswani et al. 2017, arXiv:1706.03762, section 3.1)
  none,  ///< x + dropout(f(x))
};

/// One residual step around `body`, as above. `norm` is not read with NormPlacement::none and may then be null.
/// Throws ShapeError when the body changes the shape.
Tensor residual_step(const Tensor& x, Layer& body, Layer* norm, NormPlacement placement, Layer& dropout,
                     const Context& context);

struct ResidualOptions {
  NormPlacement norm = NormPlacement::pre;
  LayerNormOptions layer_norm = {};  ///< its width is that of x; not read with NormPlacement::none
  double dropout = 0;
};

/// A residual step as a layer of its own, with children `body` and `norm`: (..., C) -> (..., C).
class Residual : public Layer {
 public:
  Residual(const ResidualOptions& options, std::unique_ptr<Layer> body, Init& init);

  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  NormPlacement placement_;
  Layer* body_;
  Layer* norm_ = nullptr;
  Dropout& dropout_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
