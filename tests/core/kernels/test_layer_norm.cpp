// Expected values: the formulas of core/kernels/layer_norm.h in long double.
#include <catch2/catch.hpp>

#include "core/kernels/layer_norm.h"
#include "tests/core/kernels/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

// Errors in a row of n elements of size about one: sums carry at most n epsilon / 2 of their size, here bounded by
// (n + 20) epsilon with the roundings of the few factors; all values involved are below 8.
Exact tolerance(std::size_t n) { return 8 * (static_cast<Exact>(n) + 20) * kEpsilon; }

struct NormReference {
  std::vector<Exact> y, mean, rstd, dx, dgain, dbias;
};

// centered = false gives RMS norm.
NormReference reference(const Values& x, const Values& gain, const Values& bias, const Values& g, std::size_t rows,
                        std::size_t cols, Exact epsilon, bool centered) {
  NormReference r{std::vector<Exact>(x.size()), std::vector<Exact>(rows), std::vector<Exact>(rows),
                  std::vector<Exact>(x.size()), std::vector<Exact>(cols), std::vector<Exact>(cols)};
  const Exact count = static_cast<Exact>(cols);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t start = row * cols;
    for (std::size_t i = 0; centered && i < cols; ++i) r.mean[row] += static_cast<Exact>(x[start + i]) / count;
    Exact variance = 0;
    const auto deviation = [&](std::size_t i) { return static_cast<Exact>(x[start + i]) - r.mean[row]; };
    for (std::size_t i = 0; i < cols; ++i) variance += deviation(i) * deviation(i) / count;
    r.rstd[row] = 1 / std::sqrt(variance + epsilon);
    Exact mean_e = 0;
    Exact mean_eh = 0;
    for (std::size_t i = 0; i < cols; ++i) {
      const Exact h = deviation(i) * r.rstd[row];
      const Exact e = static_cast<Exact>(g[start + i]) * static_cast<Exact>(gain[i]);
      r.y[start + i] = static_cast<Exact>(gain[i]) * h + static_cast<Exact>(bias[i]);
      r.dgain[i] += static_cast<Exact>(g[start + i]) * h;
      r.dbias[i] += static_cast<Exact>(g[start + i]);
      mean_e += e / count;
      mean_eh += e * h / count;
    }
    for (std::size_t i = 0; i < cols; ++i) {
      const Exact h = deviation(i) * r.rstd[row];
      const Exact e = static_cast<Exact>(g[start + i]) * static_cast<Exact>(gain[i]);
      r.dx[start + i] = r.rstd[row] * (e - (centered ? mean_e : 0) - h * mean_eh);
    }
  }
  return r;
}

void check_close(const Real* actual, const std::vector<Exact>& expected, Exact bound) {
  Exact worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, error(actual[i], expected[i]));
  CAPTURE(static_cast<double>(worst), static_cast<double>(bound));
  CHECK(worst <= bound);
}

}  // namespace

TEST_CASE("Layer norm and RMS norm agree with their formulas forward and backward at every width") {
  const std::size_t rows = 6;
  const Real epsilon = Real{1e-5F};
  for (const std::size_t cols : kSizes) {
    if (cols == 0) continue;
    for (const bool affine : {true, false}) {
      CAPTURE(cols, affine);
      const Values x = uniform(rows * cols, -2, 2, cols);
      const Values g = uniform(rows * cols, -1, 1, cols + 1);
      const Values gain = affine ? uniform(cols, 0.5, 1.5, cols + 2) : Values(cols, 1);
      const Values bias = affine ? uniform(cols, -1, 1, cols + 3) : Values(cols, 0);
      const Real* gain_or_null = affine ? gain.data() : nullptr;
      const Real* bias_or_null = affine ? bias.data() : nullptr;
      for (const bool centered : {true, false}) {
        const NormReference expected = reference(x, gain, bias, g, rows, cols, static_cast<Exact>(epsilon), centered);
        // 1 / std amplifies rounding: a single column has std 0, so its rstd is 1 / sqrt(epsilon).
        const Exact steepest = *std::max_element(expected.rstd.begin(), expected.rstd.end());
        const Exact bound = tolerance(cols) * std::max(1.0L, steepest * steepest);
        Placed in(x, cols % 16);
        Placed y(Values(x.size()), 1);
        Placed mean(Values(rows), 2);
        Placed rstd(Values(rows), 3);
        Placed dx(Values(x.size()), 4);
        Placed dgain(Values(cols), 5);
        Placed dbias(Values(cols), 6);
        if (centered) {
          kernels::layer_norm_rows(in.data(), gain_or_null, bias_or_null, epsilon, y.data(), mean.data(), rstd.data(),
                                   rows, cols);
          kernels::layer_norm_backward_rows(in.data(), mean.data(), rstd.data(), gain_or_null, g.data(), dx.data(),
                                            dgain.data(), dbias.data(), rows, cols);
          check_close(y.data(), expected.y, bound);
          check_close(mean.data(), expected.mean, tolerance(cols));
          check_close(dbias.data(), expected.dbias, tolerance(cols));
        } else {
          kernels::rms_norm_rows(in.data(), gain_or_null, epsilon, y.data(), rstd.data(), rows, cols);
          kernels::rms_norm_backward_rows(in.data(), rstd.data(), gain_or_null, g.data(), dx.data(), dgain.data(), rows,
                                          cols);
          std::vector<Exact> unbiased = expected.y;
          for (std::size_t i = 0; i < unbiased.size(); ++i) unbiased[i] -= static_cast<Exact>(bias[i % cols]);
          check_close(y.data(), unbiased, bound);
        }
        check_close(rstd.data(), expected.rstd, bound);
        check_close(dx.data(), expected.dx, bound);
        check_close(dgain.data(), expected.dgain, bound);
        CHECK((y.untouched() && mean.untouched() && rstd.untouched() && dx.untouched() && dgain.untouched()));
        CHECK((in.untouched() && dbias.untouched()));
      }
    }
  }
}

TEST_CASE("Layer norm of values far from zero keeps its variance") {
  // 4096 + k / 4 is exact in float, and so are the mean and the deviations: variance of 0, 1/4, ..., 15/4 = 85 / 64.
  Values x(16);
  for (std::size_t i = 0; i < 16; ++i) x[i] = 4096 + static_cast<Real>(i) / 4;
  Values y(16);
  Real mean = 0;
  Real rstd = 0;
  kernels::layer_norm_rows(x.data(), nullptr, nullptr, 0, y.data(), &mean, &rstd, 1, 16);
  CHECK(mean == Real{4097.875F});
  const Exact variance = (16.0L * 16 - 1) / 12 / 16;
  CHECK(ulps(rstd, 1 / std::sqrt(variance)) <= 2);
}

TEST_CASE("Gradients of gain and bias add up over calls, and may be left out") {
  const std::size_t cols = 19;
  const Values x = uniform(4 * cols, -1, 1, 1);
  const Values g = uniform(4 * cols, -1, 1, 2);
  Values y(x.size());
  Values mean(4);
  Values rstd(4);
  kernels::layer_norm_rows(x.data(), nullptr, nullptr, Real{1e-5F}, y.data(), mean.data(), rstd.data(), 4, cols);
  Values whole_gain(cols), whole_bias(cols), dx(x.size());
  kernels::layer_norm_backward_rows(x.data(), mean.data(), rstd.data(), nullptr, g.data(), dx.data(), whole_gain.data(),
                                    whole_bias.data(), 4, cols);
  Values gain(cols), bias(cols), parts(x.size());
  for (std::size_t row = 0; row < 4; ++row) {
    const std::size_t at = row * cols;
    kernels::layer_norm_backward_rows(&x[at], &mean[row], &rstd[row], nullptr, &g[at], &parts[at], gain.data(),
                                      bias.data(), 1, cols);
  }
  CHECK(same_bits(gain, whole_gain));
  CHECK(same_bits(bias, whole_bias));
  CHECK(same_bits(parts, dx));
  Values in_place = g;
  kernels::layer_norm_backward_rows(x.data(), mean.data(), rstd.data(), nullptr, in_place.data(), in_place.data(),
                                    nullptr, nullptr, 4, cols);
  CHECK(same_bits(in_place, dx));
}

TEST_CASE("A NaN makes its own row NaN and no other") {
  Values x = uniform(3 * 20, -1, 1, 4);
  x[25] = kNan;
  Values y(60), mean(3), rstd(3);
  kernels::layer_norm_rows(x.data(), nullptr, nullptr, Real{1e-5F}, y.data(), mean.data(), rstd.data(), 3, 20);
  for (std::size_t i = 0; i < 60; ++i) CHECK(std::isnan(y[i]) == (i >= 20 && i < 40));
}
