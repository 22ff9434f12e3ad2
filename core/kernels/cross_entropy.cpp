#include "core/kernels/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "core/kernels/reduce.h"
#include "core/kernels/vector_math.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {
namespace {

// The sum of exp(x - top) in double; the exponentials themselves go to e unless it is null.
double exponential_sum(const Real* x, Real* e, std::size_t n, Real top) {
  DoubleSum total;
  for_vectors(n, [&](std::size_t i, auto count) {
    const Vec power = exp(load_lanes(x + i, count, -kInfinity) - top);
    if (e != nullptr) store_lanes(e + i, power, count);
    total.add(power);
  });
  return total.total();
}

}  // namespace

CrossEntropySum cross_entropy_rows(const Real* logits, const std::int32_t* targets, const Real* row_weights,
                                   Real* losses, Real* dlogits, std::size_t rows, std::size_t classes,
                                   const CrossEntropyOptions& options) {
  const double smoothing = options.label_smoothing;
  const double per_class = smoothing / static_cast<double>(classes);
  CrossEntropySum result;
  for (std::size_t row = 0; row < rows; ++row, logits += classes) {
    Real* gradient = dlogits == nullptr ? nullptr : dlogits + row * classes;
    if (targets[row] == options.ignore_index) {
      if (losses != nullptr) losses[row] = 0;
      if (gradient != nullptr) std::fill_n(gradient, classes, Real{0});
      continue;
    }
    const std::size_t target = static_cast<std::size_t>(targets[row]);
    const double weight = row_weights == nullptr ? 1.0 : static_cast<double>(row_weights[row]);
    // Read before the exponentials, which may overwrite the logits.
    const Real top = max(logits, classes);
    const double target_logit = static_cast<double>(logits[target]) - static_cast<double>(top);
    const double logit_sum =
        smoothing == 0 ? 0.0 : sum(logits, classes) - static_cast<double>(classes) * static_cast<double>(top);
    const double total = exponential_sum(logits, gradient, classes, top);
    // -log p[k] = log(total) - (logit[k] - top)
    const double log_total = std::log(total);
    double loss = (1 - smoothing) * (log_total - target_logit);
    if (smoothing != 0) loss += smoothing * log_total - per_class * logit_sum;
    loss *= weight;
    result.loss += loss;
    result.weight += weight;
    if (losses != nullptr) losses[row] = static_cast<Real>(loss);
    if (gradient != nullptr) {
      const Real scale = static_cast<Real>(weight / total);
      const Real shift = static_cast<Real>(weight * per_class);
      map([=](Vec e) { return e * scale - shift; }, classes, gradient, gradient);
      gradient[target] -= static_cast<Real>(weight * (1 - smoothing));
    }
  }
  return result;
}

std::size_t find_invalid_target(const std::int32_t* targets, std::size_t rows, std::size_t classes,
                                std::int32_t ignore_index) {
  const auto valid = [=](std::int32_t target) {
    return target == ignore_index || (target >= 0 && static_cast<std::size_t>(target) < classes);
  };
  return static_cast<std::size_t>(std::find_if_not(targets, targets + rows, valid) - targets);
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
