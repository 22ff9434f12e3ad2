#include "optim/muon.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/kernels/reduce.h"
#include "core/parallel.h"
#include "core/pool.h"
#include "core/shape.h"
#include "optim/checked.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::size_t kGrain = 8192;
constexpr int kNewtonSchulzSteps = 5;
constexpr auto kA = static_cast<Real>(3.4445);
constexpr auto kB = static_cast<Real>(-4.7750);
constexpr auto kC = static_cast<Real>(2.0315);
constexpr double kSmallestNorm = 1e-7;

/// Elements rounded up so that what follows them is aligned as well.
std::size_t padded(std::size_t elements) {
  constexpr std::size_t kAligned = 64 / sizeof(Real);
  return (elements + kAligned - 1) / kAligned * kAligned;
}

/// |x|_F, in the order of fixed chunks.
double frobenius_norm(const Real* x, std::size_t n) {
  double squares = 0;
  for (std::size_t begin = 0; begin < n; begin += kGrain) {
    squares += kernels::sum_of_squares(x + begin, std::min(kGrain, n - begin));
  }
  return std::sqrt(squares);
}

double adjustment_of(MuonAdjustment adjustment, double rows, double cols) {
  if (adjustment == MuonAdjustment::match_rms_adamw) return 0.2 * std::sqrt(std::max(rows, cols));
  return std::sqrt(std::max(1.0, rows / cols));
}

class MuonRule : public UpdateRule {
 public:
  explicit MuonRule(const MuonOptions& options)
      : momentum_(options.momentum),
        nesterov_(options.nesterov),
        adjustment_(options.adjustment),
        not_hidden_(options.not_hidden) {
    check_share("muon", "momentum", momentum_);
  }

  bool takes(const Tensor& parameter) const override {
    return parameter.rank() == 2 &&
           std::none_of(not_hidden_.begin(), not_hidden_.end(),
                        [&](const std::string& pattern) { return matches(pattern, parameter.label()); });
  }

  bool needs_whole() const override { return true; }
  std::vector<Slot> slots(const Shape& shape) const override { return {{"momentum", shape}}; }
  void reserve(const Shape& shape) const override { pool_reserve(scratch(shape) * sizeof(Real), thread_count()); }

  void update(const Stretch& stretch) const override {
    const std::size_t rows = stretch.shape[0];
    const std::size_t cols = stretch.shape[1];
    Array memory = uninitialized({scratch(stretch.shape)});
    Real* const u = memory.data();
    const kernels::MomentumStep momentum{.momentum = momentum_,
                                         .nesterov = nesterov_,
                                         .weight_decay = stretch.l2,
                                         .grad_scale = stretch.gradient_scale};
    parallel_ranges(stretch.size, kGrain, [&](std::size_t begin, std::size_t end) {
      kernels::momentum_average(stretch.values + begin, stretch.gradients + begin, stretch.slots[0] + begin, u + begin,
                                end - begin, momentum);
    });
    orthogonalize({u, rows, cols, cols}, u + padded(stretch.size));
    const double keep = 1 - stretch.learning_rate * stretch.weight_decay;
    const double share =
        -stretch.learning_rate * adjustment_of(adjustment_, static_cast<double>(rows), static_cast<double>(cols));
    parallel_ranges(stretch.size, kGrain, [&](std::size_t begin, std::size_t end) {
      kernels::scale_and_add(stretch.values + begin, u + begin, end - begin, keep, share);
    });
  }

 private:
  static std::size_t scratch(const Shape& shape) {
    return padded(shape[0] * shape[1]) + orthogonalize_scratch(shape[0], shape[1]);
  }

  double momentum_;
  bool nesterov_;
  MuonAdjustment adjustment_;
  std::vector<std::string> not_hidden_;
};

}  // namespace

std::size_t orthogonalize_scratch(std::size_t rows, std::size_t cols) {
  const std::size_t side = std::min(rows, cols);
  return padded(rows * cols) + 2 * padded(side * side);
}

void orthogonalize(const Matrix& x, Real* scratch) {
  if (x.stride != x.cols) {
    raise<ShapeError>("orthogonalize", "the rows of the matrix must lie side by side",
                      std::to_string(x.stride) + " elements apart, " + std::to_string(x.cols) + " columns");
  }
  const std::size_t n = x.rows * x.cols;
  const std::size_t side = std::min(x.rows, x.cols);
  const auto inverse = static_cast<Real>(1 / std::max(frobenius_norm(x.data, n), kSmallestNorm));
  for (std::size_t i = 0; i < n; ++i) x.data[i] *= inverse;

  // On the shorter side: with more rows than columns A = X^T X and X <- X (a I + b A + c A^2), the transpose of the
  // same.
  const bool tall = x.rows > x.cols;
  Real* const spare = scratch;
  const Matrix gram{spare + padded(n), side, side, side};
  const Matrix polynomial{gram.data + padded(side * side), side, side, side};
  const auto view = [](const Matrix& m) { return ConstMatrix{m.data, m.rows, m.cols, m.stride}; };
  Matrix now = x;
  Matrix next{spare, x.rows, x.cols, x.cols};
  for (int step = 0; step < kNewtonSchulzSteps; ++step) {
    if (tall) {
      parallel_gemm(1, transposed(now), view(now), 0, gram);
    } else {
      parallel_gemm(1, view(now), transposed(now), 0, gram);
    }
    parallel_gemm(kC, view(gram), view(gram), 0, polynomial);
    for (std::size_t i = 0; i < side * side; ++i) polynomial.data[i] += kB * gram.data[i];
    for (std::size_t i = 0; i < side; ++i) polynomial.data[i * side + i] += kA;
    if (tall) {
      parallel_gemm(1, view(now), view(polynomial), 0, next);
    } else {
      parallel_gemm(1, view(polynomial), view(now), 0, next);
    }
    std::swap(now, next);
  }
  if (now.data != x.data) std::copy(now.data, now.data + n, x.data);
}

Algorithm algorithm(const MuonOptions& options) {
  Algorithm muon = algorithm_with(std::make_shared<MuonRule>(options), options.common);
  muon.rest = std::make_shared<Algorithm>(algorithm(options.adamw));
  return muon;
}

Muon::Muon(std::vector<Tensor> parameters, const MuonOptions& options)
    : Optimizer(std::move(parameters), algorithm(options), options.common) {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
