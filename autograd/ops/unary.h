#pragma once

#include "autograd/tensor.h"

/// Functions of one tensor, element by element: y has the shape of x. Outside of its domain a function gives what the C
/// library gives (NaN or infinity) and nothing throws. Conventions at kinks are those of PyTorch.
namespace headlight::inline HEADLIGHT_PRECISION {

/// y = e^x on all reals.  dx = g y.
Tensor exp(const Tensor& x);

/// y = ln x for x > 0; -infinity at 0, NaN below.  dx = g / x.
Tensor log(const Tensor& x);

/// y = sqrt(x) for x >= 0; NaN below.  dx = g / (2 y), infinite at 0.
Tensor sqrt(const Tensor& x);

/// y = |x| on all reals.  dx = g sign(x); 0 at the kink x = 0, and where x is NaN.
Tensor abs(const Tensor& x);

/// y = tanh(x) on all reals.  dx = g (1 - y^2).
Tensor tanh(const Tensor& x);

/// y = 1 / (1 + e^-x) on all reals.  dx = g y (1 - y).
Tensor sigmoid(const Tensor& x);

/// y = max(x, 0) on all reals.  dx = g where x > 0, else 0: also at the kink x = 0.
Tensor relu(const Tensor& x);

/// y = x Phi(x) on all reals, Phi the standard normal distribution function.  dx = g (Phi(x) + x phi(x)).
/// Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
Tensor gelu(const Tensor& x);

/// y = x / 2 (1 + tanh u), u = sqrt(2 / pi) (x + 0.044715 x^3), on all reals.
/// dx = g / 2 (1 + tanh u + x (1 - tanh^2 u) u').
/// Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2 (the approximation).
Tensor gelu_tanh(const Tensor& x);

/// y = x s, s = 1 / (1 + e^-x), on all reals.  dx = g s (1 + x (1 - s)).
/// Source: Elfwing, Uchibe & Doya 2017, arXiv:1702.03118, section 2 (called SiL there).
Tensor silu(const Tensor& x);

/// y = ln(1 + e^x) on all reals, without overflow.  dx = g / (1 + e^-x).
Tensor softplus(const Tensor& x);

}  // namespace headlight::inline HEADLIGHT_PRECISION
