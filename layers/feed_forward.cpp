#include "layers/feed_forward.h"

#include <optional>
#include <string>

#include "autograd/ops/arithmetic.h"
#include "core/error.h"
#include "layers/activation.h"

namespace headlight::inline HEADLIGHT_PRECISION {

FeedForward::FeedForward(const FeedForwardOptions& options, Init& init)
    : gate_(!options.gated ? nullptr
                           : &child<Dense>("gate",
                                           DenseOptions{.in = options.d_model,
                                                        .out = options.d_ff,
                                                        .bias = options.bias,
                                                        .activation = options.activation},
                                           init)),
      up_(child<Dense>("up",
                       DenseOptions{.in = options.d_model,
                                    .out = options.d_ff,
                                    .bias = options.bias,
                                    .activation = options.gated ? Activation::none : options.activation},
                       init)),
      dropout_(child<Dropout>("dropout", options.dropout)),
      down_(child<Dense>("down",
                         DenseOptions{.in = options.d_ff,
                                      .out = options.d_model,
                                      .bias = options.bias,
                                      .role = WeightRole::feed_forward_output},
                         init)) {}

Tensor FeedForward::forward(const Tensor& x, const Context& context) {
  Tensor h = up_(x, context);
  if (gate_ != nullptr) h = (*gate_)(x, context) * h;
  return down_(dropout_(h, context), context);
}

FeedForwardActivation feed_forward_activation_of(std::string_view name) {
  if (name == "swiglu") return {Activation::silu, true};
  if (name == "geglu") return {Activation::gelu, true};
  if (const std::optional<Activation> kind = find_activation(name)) return {*kind, false};
  raise<ConfigError>("feed_forward", "there is no activation `" + std::string(name) + "`", {},
                     "use one of " + activation_names() + ", swiglu, geglu");
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
