#pragma once

#include <cstddef>

#include "core/kernels/activation_kind.h"
#include "core/real.h"

/// Activations, their derivatives, and both fused with the bias of a linear layer.
///
///   none       y = x                            y' = 1
///   relu       y = max(x, 0)                    y' = 1 where y > 0, else 0 (also at 0)
///   gelu       y = x Phi(x)                     y' = Phi(x) + x phi(x);  Phi, phi of the standard normal distribution
///   gelu_tanh  y = x / 2 (1 + tanh u)           u = sqrt(2 / pi) (x + 0.044715 x^3)
///   silu       y = x sigmoid(x)                 y' = s (1 + x (1 - s)),  s = sigmoid(x)
///   tanh       y = tanh(x)                      y' = 1 - y^2
///   sigmoid    y = 1 / (1 + exp(-x))            y' = y (1 - y)
///   softplus   y = log(1 + exp(x))              y' = sigmoid(x)
///
/// Sources: Hendrycks & Gimpel 2016, arXiv:1606.08415 (gelu and its tanh form); Elfwing et al. 2017, arXiv:1702.03118
/// (silu). NaN gives NaN. An output may be the same memory as an input of the same shape; partial overlap is not
/// allowed.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// y = f(x) for n elements.
void activation_forward(Activation kind, const Real* x, Real* y, std::size_t n);

/// dx = g f'(x) for n elements. Reads only y when derivative_uses_output(kind), else only x (none reads neither); the
/// other may be null.
void activation_backward(Activation kind, const Real* x, const Real* y, const Real* g, Real* dx, std::size_t n);

/// z <- z + bias (row vector of `cols`; null for none) and y = f(z), for `rows` contiguous rows. z keeps the
/// pre-activation for backward; y may be z when derivative_uses_output(kind) or kind is none.
void bias_activation_rows(Activation kind, Real* z, const Real* bias, Real* y, std::size_t rows, std::size_t cols);

/// dz = g f'(z) for `rows` contiguous rows, and dbias += the column sums of dz (null for none). Reads z or y as
/// activation_backward does.
void bias_activation_backward_rows(Activation kind, const Real* z, const Real* y, const Real* g, Real* dz, Real* dbias,
                                   std::size_t rows, std::size_t cols);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
