#include "optim/adafactor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/kernels/reduce.h"
#include "core/parallel.h"
#include "core/pool.h"
#include "optim/checked.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Sums = std::vector<double, PoolAllocator<double>>;

/// The gradient of one element, scaled and with L2.
struct Gradient {
  const Real* grad;
  const Real* theta;
  Real scale;
  Real l2;

  Real operator()(std::size_t i) const { return grad[i] * scale + theta[i] * l2; }
};

/// What one update of one parameter is made of. A (matrices, rows, cols) view of the parameter; vectors have one row.
struct Step {
  Gradient g;
  Real fresh;            ///< t^tau
  Real smallest;         ///< eps1^2
  double smallest_mean;  ///< eps1
};

Real towards(Real average, double value, Real share) { return average + share * (static_cast<Real>(value) - average); }

/// The mean squares of a matrix's rows and columns, taken into R and C.
void take_in(const Step& step, std::size_t first, std::size_t rows, std::size_t cols, Real* row, Real* column) {
  Sums column_sums(cols, 0.0);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t begin = first + r * cols;
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::size_t c = 0; c < cols; ++c) {
      const auto g = static_cast<double>(step.g(begin + c));
      column_sums[c] += g * g;
      sum += g * g;
    }
    row[r] = towards(row[r], sum / static_cast<double>(cols), step.fresh);
  }
  for (std::size_t c = 0; c < cols; ++c) {
    column[c] = towards(column[c], column_sums[c] / static_cast<double>(rows), step.fresh);
  }
}

/// 1 / max(mean R, eps1).
Real inverse_mean(const Real* row, std::size_t rows, double smallest) {
  return static_cast<Real>(1 / std::max(kernels::sum(row, rows) / static_cast<double>(rows), smallest));
}

class AdafactorRule : public UpdateRule {
 public:
  explicit AdafactorRule(const AdafactorOptions& options)
      : beta2_decay_(options.beta2_decay),
        eps1_(options.eps1.value_or(static_cast<double>(std::numeric_limits<Real>::epsilon()))),
        eps2_(options.eps2),
        clipping_threshold_(options.clipping_threshold) {
    if (!(beta2_decay_ <= 0) || !(eps1_ >= 0) || !(eps2_ >= 0) || !(clipping_threshold_ > 0)) {
      raise<ConfigError>("adafactor", "beta2_decay must be at most 0, eps at least 0 and clipping_threshold above 0",
                         fmt::format("beta2_decay {}, eps {} and {}, clipping_threshold {}", beta2_decay_, eps1_, eps2_,
                                     clipping_threshold_));
    }
    if (!(static_cast<Real>(eps1_ * eps1_) > 0)) {
      // A parameter whose gradients are all 0 so far would be divided 0 / 0.
      raise<ConfigError>("adafactor", "the square of eps1 is 0 in the precision of this build",
                         fmt::format("{}", eps1_), "use 1e-19 or more");
    }
  }

  bool needs_whole() const override { return true; }

  std::vector<Slot> slots(const Shape& shape) const override {
    if (shape.size() < 2) return {{"v", shape}};
    Shape rows = shape;
    rows.pop_back();
    Shape columns = rows;
    columns.back() = shape.back();
    return {{"row", rows}, {"column", columns}};
  }

  void reserve(const Shape& shape) const override {
    if (shape.size() >= 2) pool_reserve(shape.back() * sizeof(double), thread_count());
  }

  void update(const Stretch& stretch) const override {
    const double t = static_cast<double>(stretch.update);
    const Step step{.g = {.grad = stretch.gradients,
                          .theta = stretch.values,
                          .scale = static_cast<Real>(stretch.gradient_scale),
                          .l2 = static_cast<Real>(stretch.l2)},
                    .fresh = static_cast<Real>(std::pow(t, beta2_decay_)),
                    .smallest = static_cast<Real>(eps1_ * eps1_),
                    .smallest_mean = eps1_};
    const auto size = static_cast<double>(stretch.size);
    const double rho = std::min(stretch.learning_rate, 1 / std::sqrt(t));
    const double alpha = std::max(eps2_, root_mean_square(stretch.values, stretch.size)) * rho;
    const double keep = 1 - stretch.learning_rate * stretch.weight_decay;
    learn(stretch, step);

    double squares = 0;
    for_each_row(stretch, step, [&](std::size_t begin, std::size_t n, const auto& scaled) {
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::size_t i = 0; i < n; ++i) {
        const auto u = static_cast<double>(scaled(begin, i));
        sum += u * u;
      }
      squares += sum;
    });
    const double clipping = std::max(1.0, std::sqrt(squares / size) / clipping_threshold_);
    const auto of_theta = static_cast<Real>(keep);
    const auto of_step = static_cast<Real>(alpha / clipping);
    Real* const values = stretch.values;
    for_each_row(stretch, step, [&](std::size_t begin, std::size_t n, const auto& scaled) {
#pragma omp simd
      for (std::size_t i = 0; i < n; ++i) {
        values[begin + i] = values[begin + i] * of_theta - scaled(begin, i) * of_step;
      }
    });
  }

 private:
  static double root_mean_square(const Real* x, std::size_t n) {
    return std::sqrt(kernels::sum_of_squares(x, n) / static_cast<double>(n));
  }

  /// Takes the squares of the gradient into the averages.
  static void learn(const Stretch& stretch, const Step& step) {
    if (stretch.shape.size() < 2) {
      Real* const v = stretch.slots[0];
#pragma omp simd
      for (std::size_t i = 0; i < stretch.size; ++i) v[i] += step.fresh * (step.g(i) * step.g(i) - v[i]);
      return;
    }
    const std::size_t cols = stretch.shape.back();
    const std::size_t rows = stretch.shape[stretch.shape.size() - 2];
    for (std::size_t matrix = 0; matrix < stretch.size / (rows * cols); ++matrix) {
      take_in(step, matrix * rows * cols, rows, cols, stretch.slots[0] + matrix * rows,
              stretch.slots[1] + matrix * cols);
    }
  }

  /// Calls body(begin, n, scaled) for each row of the parameter, which lies at begin and has n elements;
  /// scaled(begin, i) is element i of it divided by the root of its second moment.
  template <class Body>
  static void for_each_row(const Stretch& stretch, const Step& step, Body body) {
    if (stretch.shape.size() < 2) {
      const Real* const v = stretch.slots[0];
      body(0, stretch.size,
           [&step, v](std::size_t, std::size_t i) { return step.g(i) / std::sqrt(std::max(v[i], step.smallest)); });
      return;
    }
    const std::size_t cols = stretch.shape.back();
    const std::size_t rows = stretch.shape[stretch.shape.size() - 2];
    for (std::size_t matrix = 0; matrix < stretch.size / (rows * cols); ++matrix) {
      const Real* const row = stretch.slots[0] + matrix * rows;
      const Real* const column = stretch.slots[1] + matrix * cols;
      const Real inverse = inverse_mean(row, rows, step.smallest_mean);
      for (std::size_t r = 0; r < rows; ++r) {
        const Real of_row = row[r] * inverse;
        body((matrix * rows + r) * cols, cols, [&step, of_row, column](std::size_t begin, std::size_t i) {
          return step.g(begin + i) / std::sqrt(std::max(of_row * column[i], step.smallest));
        });
      }
    }
  }

  double beta2_decay_;
  double eps1_;
  double eps2_;
  double clipping_threshold_;
};

}  // namespace

Algorithm algorithm(const AdafactorOptions& options) {
  return algorithm_with(std::make_shared<AdafactorRule>(options), options.common);
}

Adafactor::Adafactor(std::vector<Tensor> parameters, const AdafactorOptions& options)
    : Optimizer(std::move(parameters), algorithm(options), options.common) {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
