#pragma once

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// y = (x - mean(x)) / sqrt(var(x) + eps) over the last axis; var is biased (divides by C).
/// x (..., C) -> y (..., C).  eps >= 0, in units of x squared; with 0 a row of equal elements gives NaN (0 / 0).
/// eps is taken as a Real: in the float build a double below 1e-45 arrives as 0, and one above 4e38 as infinity.
/// Throws ShapeError on a 0-d x or C = 0, ConfigError on an eps that is negative or not finite.
/// Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450, section 3.
Tensor normalize(const Tensor& x, Real eps);

/// y = gain * normalize(x, eps) + bias as one node; gain and bias (C), either may be an empty tensor for none.
/// Throws as normalize does, and ShapeError when gain or bias are not of shape (C).
Tensor layer_norm(const Tensor& x, const Tensor& gain, const Tensor& bias, Real eps);

/// y = x / sqrt(mean(x^2) + eps) over the last axis; x (..., C) -> y (..., C). Throws as normalize does.
/// Source: Zhang & Sennrich 2019, arXiv:1910.07467, section 4.
Tensor rms_normalize(const Tensor& x, Real eps);

/// y = gain * rms_normalize(x, eps) as one node; gain (C) or an empty tensor. Throws as layer_norm does.
Tensor rms_norm(const Tensor& x, const Tensor& gain, Real eps);

}  // namespace headlight::inline HEADLIGHT_PRECISION
