#include "core/kernels/optimizer_step.h"

#include <cmath>

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {
namespace {

// g = grad_scale grad + weight_decay theta, and theta shrunk by the decoupled decay.
struct Decay {
  Real grad_scale;
  Real weight_decay;
  Real keep;

  template <class Step>
  explicit Decay(const Step& step)
      : grad_scale(static_cast<Real>(step.grad_scale)),
        weight_decay(static_cast<Real>(step.weight_decay)),
        keep(static_cast<Real>(1 - step.learning_rate * step.decoupled_decay)) {}

  Real gradient(Real grad, Real theta) const { return grad * grad_scale + theta * weight_decay; }
};

}  // namespace

void sgd_step(Real* theta, const Real* grad, Real* buffer, std::size_t n, const SgdStep& step) {
  const Decay decay(step);
  const Real rate = static_cast<Real>(step.learning_rate);
  if (step.momentum == 0) {
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) theta[i] = theta[i] * decay.keep - rate * decay.gradient(grad[i], theta[i]);
    return;
  }
  const Real momentum = static_cast<Real>(step.momentum);
  // The first step reads no buffer: it may hold anything, and 0 * NaN would be NaN.
  if (step.first_step) {
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) buffer[i] = decay.gradient(grad[i], theta[i]);
  } else {
    const Real fresh = static_cast<Real>(1 - step.dampening);
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) buffer[i] = buffer[i] * momentum + decay.gradient(grad[i], theta[i]) * fresh;
  }
  if (step.nesterov) {
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) {
      const Real look_ahead = decay.gradient(grad[i], theta[i]) + buffer[i] * momentum;
      theta[i] = theta[i] * decay.keep - rate * look_ahead;
    }
  } else {
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) theta[i] = theta[i] * decay.keep - rate * buffer[i];
  }
}

void adam_step(Real* theta, const Real* grad, Real* m, Real* v, std::size_t n, const AdamStep& step) {
  const Decay decay(step);
  const double t = static_cast<double>(step.step);
  const Real beta1 = static_cast<Real>(step.beta1);
  const Real beta2 = static_cast<Real>(step.beta2);
  const Real fresh1 = static_cast<Real>(1 - step.beta1);
  const Real fresh2 = static_cast<Real>(1 - step.beta2);
  const Real rate = static_cast<Real>(step.learning_rate / (1 - std::pow(step.beta1, t)));
  const Real root_scale = static_cast<Real>(1 / std::sqrt(1 - std::pow(step.beta2, t)));
  const Real epsilon = static_cast<Real>(step.epsilon);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const Real g = decay.gradient(grad[i], theta[i]);
    const Real mean = m[i] * beta1 + g * fresh1;
    const Real square = v[i] * beta2 + g * g * fresh2;
    m[i] = mean;
    v[i] = square;
    theta[i] = theta[i] * decay.keep - rate * mean / (std::sqrt(square) * root_scale + epsilon);
  }
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
