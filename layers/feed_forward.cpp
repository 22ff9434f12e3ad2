#include "layers/feed_forward.h"

namespace headlight::inline HEADLIGHT_PRECISION {

FeedForward::FeedForward(const FeedForwardOptions& options, Init& init)
    : up_(child<Dense>("up",
                       DenseOptions{.in = options.d_model,
                                    .out = options.d_ff,
                                    .bias = options.bias,
                                    .activation = options.activation},
                       init)),
      dropout_(child<Dropout>("dropout", options.dropout)),
      down_(child<Dense>("down",
                         DenseOptions{.in = options.d_ff,
                                      .out = options.d_model,
                                      .bias = options.bias,
                                      .role = WeightRole::feed_forward_output},
                         init)) {}

Tensor FeedForward::forward(const Tensor& x, const Context& context) {
  return down_(dropout_(up_(x, context), context), context);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
