#pragma once

#include <cstddef>
#include <cstdint>

#include "core/real.h"

/// One update of n parameters theta, in one pass. `grad` is multiplied by grad_scale (clipping, unscaling) as it is
/// read and not written. learning_rate > 0 and the other figures are those of the formulas; bias corrections are in
/// double.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// With g = grad_scale * grad; PyTorch's form, in which the rate stays outside of the momentum buffer.
struct SgdStep {
  double learning_rate = 0;
  double momentum = 0;         ///< mu
  double dampening = 0;        ///< tau
  bool nesterov = false;       ///< needs momentum > 0 and dampening = 0
  double weight_decay = 0;     ///< L2:  g <- g + weight_decay theta
  double decoupled_decay = 0;  ///< theta <- theta - learning_rate decoupled_decay theta, before the update
  bool first_step = false;     ///< the buffer is set to g instead of being read
  double grad_scale = 1;
};

///   b <- mu b + (1 - tau) g  (first step: b <- g);   theta <- theta - learning_rate (nesterov ? g + mu b : b)
/// `buffer` is b; null is allowed when momentum is 0.
void sgd_step(Real* theta, const Real* grad, Real* buffer, std::size_t n, const SgdStep& step);

struct AdamStep {
  double learning_rate = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;     ///< Adam's L2:  g <- g + weight_decay theta
  double decoupled_decay = 0;  ///< AdamW's:  theta <- theta - learning_rate decoupled_decay theta, before the update
  std::uint64_t step = 1;      ///< t, counted from 1
  double grad_scale = 1;
};

///   m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
///   theta <- theta - learning_rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
/// Sources: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1; Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2
/// (decay multiplied by the learning rate, as PyTorch has it).
void adam_step(Real* theta, const Real* grad, Real* m, Real* v, std::size_t n, const AdamStep& step);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
