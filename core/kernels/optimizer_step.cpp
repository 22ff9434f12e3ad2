#include "core/kernels/optimizer_step.h"

#include <algorithm>
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
  // The three forms are one loop with other figures.
  const double first = step.form == AdamForm::mlx ? 1 : 1 - std::pow(step.beta1, t);
  const double second = step.form == AdamForm::mlx ? 1 : std::sqrt(1 - std::pow(step.beta2, t));
  const bool hat = step.form == AdamForm::keras;
  const Real rate = static_cast<Real>(step.learning_rate * (hat ? second : 1) / first);
  const Real root_scale = static_cast<Real>(hat ? 1 : 1 / second);
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

namespace {

template <bool kCentered, bool kMomentum>
void rmsprop_loop(Real* theta, const Real* grad, Real* v, Real* mean, Real* buffer, std::size_t n,
                  const RmspropStep& step) {
  const Decay decay(step);
  const Real alpha = static_cast<Real>(step.alpha);
  const Real fresh = static_cast<Real>(1 - step.alpha);
  const Real rate = static_cast<Real>(step.learning_rate);
  const Real momentum = static_cast<Real>(step.momentum);
  const Real epsilon = static_cast<Real>(step.epsilon);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const Real g = decay.gradient(grad[i], theta[i]);
    const Real square = v[i] * alpha + g * g * fresh;
    v[i] = square;
    Real variance = square;
    if constexpr (kCentered) {
      const Real average = mean[i] * alpha + g * fresh;
      mean[i] = average;
      variance = square - average * average;
      variance = variance < 0 ? Real{0} : variance;
    }
    Real change = g / (std::sqrt(variance) + epsilon);
    if constexpr (kMomentum) {
      change += buffer[i] * momentum;
      buffer[i] = change;
    }
    theta[i] = theta[i] * decay.keep - rate * change;
  }
}

}  // namespace

void rmsprop_step(Real* theta, const Real* grad, Real* v, Real* mean, Real* buffer, std::size_t n,
                  const RmspropStep& step) {
  if (mean != nullptr) {
    if (step.momentum > 0) return rmsprop_loop<true, true>(theta, grad, v, mean, buffer, n, step);
    return rmsprop_loop<true, false>(theta, grad, v, mean, buffer, n, step);
  }
  if (step.momentum > 0) return rmsprop_loop<false, true>(theta, grad, v, mean, buffer, n, step);
  rmsprop_loop<false, false>(theta, grad, v, mean, buffer, n, step);
}

void lion_step(Real* theta, const Real* grad, Real* m, std::size_t n, const LionStep& step) {
  const Decay decay(step);
  const Real beta1 = static_cast<Real>(step.beta1);
  const Real beta2 = static_cast<Real>(step.beta2);
  const Real fresh1 = static_cast<Real>(1 - step.beta1);
  const Real fresh2 = static_cast<Real>(1 - step.beta2);
  const Real rate = static_cast<Real>(step.learning_rate);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const Real g = decay.gradient(grad[i], theta[i]);
    const Real direction = m[i] * beta1 + g * fresh1;
    const Real change = direction > 0 ? rate : direction < 0 ? -rate : Real{0};
    theta[i] = theta[i] * decay.keep - change;
    m[i] = m[i] * beta2 + g * fresh2;
  }
}

void schedule_free_step(Real* y, const Real* grad, Real* z, Real* x, Real* v, std::size_t n,
                        const ScheduleFreeStep& step) {
  if (step.step == 1) {
    std::copy(y, y + n, z);
    std::copy(y, y + n, x);
  }
  const Real grad_scale = static_cast<Real>(step.grad_scale);
  const Real l2 = static_cast<Real>(step.weight_decay);
  const Real shrink = static_cast<Real>(step.learning_rate * step.decoupled_decay);
  const Real beta1 = static_cast<Real>(step.beta1);
  const Real beta2 = static_cast<Real>(step.beta2);
  const Real fresh1 = static_cast<Real>(1 - step.beta1);
  const Real fresh2 = static_cast<Real>(1 - step.beta2);
  const Real rate = static_cast<Real>(step.learning_rate);
  const Real root_scale = static_cast<Real>(1 / std::sqrt(1 - std::pow(step.beta2, static_cast<double>(step.step))));
  const Real epsilon = static_cast<Real>(step.epsilon);
  const Real share = static_cast<Real>(step.share);
  const Real rest = static_cast<Real>(1 - step.share);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const Real g = grad[i] * grad_scale + y[i] * l2;
    const Real square = v[i] * beta2 + g * g * fresh2;
    v[i] = square;
    const Real base = z[i] - shrink * y[i] - rate * g / (std::sqrt(square) * root_scale + epsilon);
    const Real average = x[i] * rest + base * share;
    z[i] = base;
    x[i] = average;
    y[i] = average * beta1 + base * fresh1;
  }
}

void momentum_average(const Real* theta, const Real* grad, Real* buffer, Real* u, std::size_t n,
                      const MomentumStep& step) {
  const Real grad_scale = static_cast<Real>(step.grad_scale);
  const Real l2 = static_cast<Real>(step.weight_decay);
  const Real momentum = static_cast<Real>(step.momentum);
  const Real fresh = static_cast<Real>(1 - step.momentum);
  // Without Nesterov u is b alone.
  const Real of_gradient = step.nesterov ? fresh : Real{0};
  const Real of_buffer = step.nesterov ? momentum : Real{1};
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const Real g = grad[i] * grad_scale + theta[i] * l2;
    const Real average = buffer[i] * momentum + g * fresh;
    buffer[i] = average;
    u[i] = g * of_gradient + average * of_buffer;
  }
}

void scale_and_add(Real* y, const Real* x, std::size_t n, double keep, double share) {
  const Real of_y = static_cast<Real>(keep);
  const Real of_x = static_cast<Real>(share);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) y[i] = y[i] * of_y + x[i] * of_x;
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
