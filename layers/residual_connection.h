#pragma once

#include <cstddef>
#include <string_view>

#include "layers/context.h"
#include "layers/init.h"
#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// How the result y of a sublayer joins its input x.
enum class ResidualKind {
  plain,   ///< a x + y  with the skip scale a, by default 1 (He et al. 2015, arXiv:1512.03385, section 3.2)
  scaled,  ///< a x + scale * y  with a learned scale that begins small
  gated,   ///< g * y + (1 - g) * x with g = sigmoid(W x + b), a highway; b begins below 0, so that x passes
};

struct ResidualConnectionOptions {
  ResidualKind kind = ResidualKind::plain;
  std::size_t width = 0;    ///< C; not read by plain
  bool per_channel = true;  ///< scaled alone: one scale per channel (LayerScale), or one number (ReZero)
  double scale_init = 0.1;  ///< scaled alone: LayerScale's value for up to 18 layers; ReZero begins at 0
  double gate_bias = -2;    ///< gated alone: first value of b; the gate begins at 0.12
  double skip_scale = 1;    ///< a, above 0; not of gated
};

/// Joins x and y of one shape (..., C) -> (..., C). Parameters: none (plain); `scale` of shape (C) or (); or gate_weight
/// (C, C) and gate_bias (C). Throws ConfigError on a width of 0, where one is needed, a first value that is not finite, or
/// a skip scale that is not a finite number above 0, or is not 1 where a gate shares out x; ShapeError when the shapes
/// differ or do not end in C.
/// Sources: LayerScale, Touvron et al. 2021, arXiv:2103.17239, section 2; ReZero, Bachlechner et al. 2020,
/// arXiv:2003.04887; highway, Srivastava, Greff & Schmidhuber 2015, arXiv:1505.00387, section 2 (the gate reads x; biases
/// of -1 to -3 there); skip scale, Wang et al. 2022, arXiv:2203.00555, section 3 (alpha).
class ResidualConnection : public Module {
 public:
  ResidualConnection(const ResidualConnectionOptions& options, Init& init);

  Tensor operator()(const Tensor& x, const Tensor& y, const Context& context) const;

 private:
  Tensor joined(const Tensor& x, const Tensor& y) const;

  ResidualKind kind_;
  Real skip_scale_;
  std::size_t width_;
  Tensor scale_;
  Tensor gate_weight_;
  Tensor gate_bias_;
};

/// The kind of a name: plain, scaled or gated. Throws ConfigError on any other.
ResidualKind residual_kind_of(std::string_view name);

}  // namespace headlight::inline HEADLIGHT_PRECISION
