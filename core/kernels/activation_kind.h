#pragma once

namespace headlight {

/// The activations that the fused kernels know. The formulas are in core/kernels/activation.h.
enum class Activation { none, relu, gelu, gelu_tanh, silu, tanh, sigmoid, softplus };

/// True when the derivative is written in terms of y = f(x); false when it needs the pre-activation x.
constexpr bool derivative_uses_output(Activation kind) {
  return kind == Activation::relu || kind == Activation::tanh || kind == Activation::sigmoid;
}

}  // namespace headlight
