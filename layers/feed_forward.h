#pragma once

#include <cstddef>

#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct FeedForwardOptions {
  std::size_t d_model = 0;
  std::size_t d_ff = 0;  ///< width between the two layers
  Activation activation = Activation::relu;
  bool bias = true;
  double dropout = 0;  ///< behind the activation, while training
};

/// y = W_2 dropout(f(W_1 x + b_1)) + b_2, the same for every position: (..., d_model) -> (..., d_model).
/// Parameters up.weight (d_ff, d_model), down.weight (d_model, d_ff) and their biases.
/// Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.3.
class FeedForward : public Layer {
 public:
  FeedForward(const FeedForwardOptions& options, Init& init);
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Dense& up_;
  Dropout& dropout_;
  Dense& down_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
