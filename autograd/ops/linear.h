#pragma once

#include "autograd/tensor.h"
#include "core/kernels/activation_kind.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// y = f(x W^T + b) over the last axis, as one node: x (..., in), W (out, in), b (out) or an empty tensor for none ->
/// y (..., out). The weight is stored as PyTorch stores it.
/// Throws ShapeError when x does not end in W's inputs, when W is not a matrix, or when b does not have W's outputs.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation = Activation::none);

}  // namespace headlight::inline HEADLIGHT_PRECISION
