#pragma once

#include <cstddef>
#include <string_view>

#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct FeedForwardOptions {
  std::size_t d_model = 0;
  std::size_t d_ff = 0;  ///< width between the layers
  Activation activation = Activation::relu;
  bool gated = false;  ///< a gated linear unit in place of the activation
  bool bias = true;
  double dropout = 0;  ///< behind the activation, while training
};

/// y = W_down dropout(h) + b_down, the same for every position: (..., d_model) -> (..., d_model), where
///   h = f(W_up x + b_up)                            (Vaswani et al. 2017, arXiv:1706.03762, section 3.3), or gated
///   h = f(W_gate x + b_gate) * (W_up x + b_up)      (Shazeer 2020, arXiv:2002.05202, equation 6: SwiGLU with f = silu,
///                                                    GEGLU with f = gelu; without biases there).
/// Parameters gate.weight (d_ff, d_model) when gated, up.weight (d_ff, d_model), down.weight (d_model, d_ff) and their
/// biases. A gated one has 3/2 times the weights: Shazeer takes 2/3 of d_ff to compare.
class FeedForward : public Layer {
 public:
  FeedForward(const FeedForwardOptions& options, Init& init);
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Dense* gate_;
  Dense& up_;
  Dropout& dropout_;
  Dense& down_;
};

/// The activation of a feed-forward layer and whether it is gated.
struct FeedForwardActivation {
  Activation activation = Activation::relu;
  bool gated = false;
};

/// Of a name: swiglu (silu, gated), geglu (gelu, gated) or one that activation_of() knows. Throws ConfigError on any
/// other.
FeedForwardActivation feed_forward_activation_of(std::string_view name);

}  // namespace headlight::inline HEADLIGHT_PRECISION
