#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/kernels/activation_kind.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// y = f(x) elementwise: (...) -> (...). For an activation behind a Dense layer, DenseOptions::activation is faster.
class ActivationLayer : public Layer {
 public:
  explicit ActivationLayer(Activation kind) : kind_(kind) {}
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Activation kind_;
};

/// The activation of a name, or nothing.
std::optional<Activation> find_activation(std::string_view name);

/// The way back: "gelu_tanh".
std::string_view name_of(Activation kind);

/// The names that it knows, separated by commas.
std::string activation_names();

/// The activation of a name: none relu gelu gelu_tanh silu tanh sigmoid softplus. Throws ConfigError on any other.
Activation activation_of(std::string_view name);

}  // namespace headlight::inline HEADLIGHT_PRECISION
