#pragma once

#include <cstddef>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct Conv1dOptions {
  std::size_t stride = 1;
  std::size_t dilation = 1;
  std::size_t pad_left = 0;   ///< zeros before the first position; (K - 1) * dilation makes the convolution causal
  std::size_t pad_right = 0;  ///< zeros behind the last position
};

/// y[b, t, o] = bias[o] + sum over c, j of weight[o, c, j] x[b, t * stride + j * dilation - pad_left, c], zero outside.
/// x (B, T, Cin), weight (Cout, Cin, K), bias (Cout) or an empty tensor -> y (B, Tout, Cout) with
/// Tout = (T + pad_left + pad_right - (K - 1) dilation - 1) / stride + 1. The channels are last; the weight has
/// PyTorch's order. (As everywhere in the field this is a cross-correlation.)
/// Throws ShapeError when ranks or channels do not fit or the kernel is longer than the padded input (or either
/// length does not fit into 64 bits), ConfigError on a
/// stride or dilation of 0.
/// The options go by reference: GCC 12 with AVX passes a constant {1, 1, 0, 0} by value as {1, 1, 1, 1}.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options = {});

}  // namespace headlight::inline HEADLIGHT_PRECISION
