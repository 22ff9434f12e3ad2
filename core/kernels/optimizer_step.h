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

/// Adam's denominator and bias correction as three frameworks write them.
enum class AdamForm {
  torch,  ///< rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps): the corrected v, as in the paper
  keras,  ///< rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps): the paper's "epsilon hat"
  mlx,    ///< rate m / (sqrt(v) + eps): no correction, so that the first steps are larger
};

struct AdamStep {
  double learning_rate = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  AdamForm form = AdamForm::torch;
  double weight_decay = 0;     ///< Adam's L2:  g <- g + weight_decay theta
  double decoupled_decay = 0;  ///< AdamW's:  theta <- theta - learning_rate decoupled_decay theta, before the update
  std::uint64_t step = 1;      ///< t, counted from 1
  double grad_scale = 1;
};

///   m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
///   theta <- theta - learning_rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
/// or as `form` says. Sources: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1 and the end of section 2; Loshchilov &
/// Hutter 2017, arXiv:1711.05101, algorithm 2 (decay multiplied by the learning rate, as PyTorch has it).
void adam_step(Real* theta, const Real* grad, Real* m, Real* v, std::size_t n, const AdamStep& step);

struct RmspropStep {
  double learning_rate = 0;
  double alpha = 0.99;
  double epsilon = 1e-8;
  double momentum = 0;         ///< mu
  double weight_decay = 0;     ///< L2
  double decoupled_decay = 0;  ///< theta <- theta - learning_rate decoupled_decay theta, before the update
  double grad_scale = 1;
};

///   v <- alpha v + (1 - alpha) g^2;   u = g / (sqrt(v) + epsilon)
///   theta <- theta - learning_rate u, or with momentum b <- mu b + u, theta <- theta - learning_rate b
/// With `mean` a <- alpha a + (1 - alpha) g, and max(v - a^2, 0) stands under the root: without the maximum, which
/// PyTorch leaves out, rounding can make it negative. `mean` is null for the plain form, `buffer` (b) when momentum is
/// 0. Source: Tieleman & Hinton 2012, "Lecture 6.5 - rmsprop"; Graves 2013, arXiv:1308.0850, section 4 (centered).
void rmsprop_step(Real* theta, const Real* grad, Real* v, Real* mean, Real* buffer, std::size_t n,
                  const RmspropStep& step);

struct LionStep {
  double learning_rate = 0;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0;     ///< L2
  double decoupled_decay = 0;  ///< theta <- theta - learning_rate decoupled_decay theta, before the update
  double grad_scale = 1;
};

///   theta <- theta - learning_rate sign(beta1 m + (1 - beta1) g);   m <- beta2 m + (1 - beta2) g;   sign(0) = 0
/// Source: Chen et al. 2023, arXiv:2302.06675, algorithm 2.
void lion_step(Real* theta, const Real* grad, Real* m, std::size_t n, const LionStep& step);

struct ScheduleFreeStep {
  double learning_rate = 0;  ///< of this step, warm-up included
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double share = 1;            ///< c in [0, 1]: how much of the average the newest z becomes
  double weight_decay = 0;     ///< L2, of y
  double decoupled_decay = 0;  ///< z <- z - learning_rate decoupled_decay y, before the update
  std::uint64_t step = 1;      ///< t, counted from 1; at the first one z and x are set to y instead of being read
  double grad_scale = 1;
};

///   v <- beta2 v + (1 - beta2) g^2;   z <- z - learning_rate g / (sqrt(v / (1 - beta2^t)) + epsilon)
///   x <- (1 - c) x + c z;   y <- beta1 x + (1 - beta1) z
/// Source: Defazio et al. 2024, arXiv:2405.15682, algorithm 1.
void schedule_free_step(Real* y, const Real* grad, Real* z, Real* x, Real* v, std::size_t n,
                        const ScheduleFreeStep& step);

/// Muon's momentum, before its matrix is made orthogonal.
struct MomentumStep {
  double momentum = 0.95;  ///< mu
  bool nesterov = true;
  double weight_decay = 0;  ///< L2
  double grad_scale = 1;
};

///   b <- mu b + (1 - mu) g;   u = nesterov ? (1 - mu) g + mu b : b
void momentum_average(const Real* theta, const Real* grad, Real* buffer, Real* u, std::size_t n,
                      const MomentumStep& step);

/// y <- keep y + share x.
void scale_and_add(Real* y, const Real* x, std::size_t n, double keep, double share);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
