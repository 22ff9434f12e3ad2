#include "core/kernels/layer_norm.h"

#include <cmath>

#include "core/kernels/vec.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {
namespace {

Real row_sum(const Real* x, std::size_t n) {
  Vec total{};
  for_vectors(n, [&](std::size_t i, auto count) { total += load_lanes(x + i, count); });
  return add_lanes(total);
}

// Sum of (x - center)^2; the missing lanes of the last vector hold `center` and add 0.
Real sum_of_squared_deviations(const Real* x, std::size_t n, Real center) {
  Vec total{};
  for_vectors(n, [&](std::size_t i, auto count) {
    const Vec deviation = load_lanes(x + i, count, center) - center;
    total += deviation * deviation;
  });
  return add_lanes(total);
}

// y = (x - mean) rstd, with gain and bias where there are any.
void scale_row(const Real* x, const Real* gain, const Real* bias, Real mean, Real rstd, Real* y, std::size_t n) {
  for_vectors(n, [&](std::size_t i, auto count) {
    Vec value = (load_lanes(x + i, count) - mean) * rstd;
    if (gain != nullptr) value *= load_lanes(gain + i, count);
    if (bias != nullptr) value += load_lanes(bias + i, count);
    store_lanes(y + i, value, count);
  });
}

void add_into(Real* total, Vec v, auto count) { store_lanes(total, load_lanes(total, count) + v, count); }

}  // namespace

void layer_norm_rows(const Real* x, const Real* gain, const Real* bias, Real epsilon, Real* y, Real* mean, Real* rstd,
                     std::size_t rows, std::size_t cols) {
  const Real count = static_cast<Real>(cols);
  for (std::size_t row = 0; row < rows; ++row, x += cols, y += cols) {
    mean[row] = row_sum(x, cols) / count;
    rstd[row] = Real{1} / std::sqrt(sum_of_squared_deviations(x, cols, mean[row]) / count + epsilon);
    scale_row(x, gain, bias, mean[row], rstd[row], y, cols);
  }
}

// With h_i = (x_i - mean) rstd:  dh_j / dx_i = rstd ((i == j) - 1/C - h_i h_j / C), and dy_j / dh_j = gain_j. Hence
// dx_i = sum over j of e_j dh_j / dx_i = rstd (e_i - mean(e) - h_i mean(e h)) with e = g gain.
void layer_norm_backward_rows(const Real* x, const Real* mean, const Real* rstd, const Real* gain, const Real* g,
                              Real* dx, Real* dgain, Real* dbias, std::size_t rows, std::size_t cols) {
  const Real per_element = Real{1} / static_cast<Real>(cols);
  for (std::size_t row = 0; row < rows; ++row, x += cols, g += cols, dx += cols) {
    const Real center = mean[row];
    const Real scale = rstd[row];
    Vec sum_e{};
    Vec sum_eh{};
    for_vectors(cols, [&](std::size_t i, auto count) {
      const Vec upstream = load_lanes(g + i, count);
      const Vec h = (load_lanes(x + i, count, center) - center) * scale;
      const Vec e = gain == nullptr ? upstream : upstream * load_lanes(gain + i, count);
      sum_e += e;
      sum_eh += e * h;
      if (dgain != nullptr) add_into(dgain + i, upstream * h, count);
      if (dbias != nullptr) add_into(dbias + i, upstream, count);
    });
    const Real mean_e = add_lanes(sum_e) * per_element;
    const Real mean_eh = add_lanes(sum_eh) * per_element;
    for_vectors(cols, [&](std::size_t i, auto count) {
      const Vec upstream = load_lanes(g + i, count);
      const Vec h = (load_lanes(x + i, count) - center) * scale;
      const Vec e = gain == nullptr ? upstream : upstream * load_lanes(gain + i, count);
      store_lanes(dx + i, (e - mean_e - h * mean_eh) * scale, count);
    });
  }
}

void rms_norm_rows(const Real* x, const Real* gain, Real epsilon, Real* y, Real* rstd, std::size_t rows,
                   std::size_t cols) {
  for (std::size_t row = 0; row < rows; ++row, x += cols, y += cols) {
    const Real mean_square = sum_of_squared_deviations(x, cols, Real{0}) / static_cast<Real>(cols);
    rstd[row] = Real{1} / std::sqrt(mean_square + epsilon);
    scale_row(x, gain, nullptr, Real{0}, rstd[row], y, cols);
  }
}

// As for layer_norm, but h_i = x_i rstd:  dh_j / dx_i = rstd ((i == j) - h_i h_j / C).
void rms_norm_backward_rows(const Real* x, const Real* rstd, const Real* gain, const Real* g, Real* dx, Real* dgain,
                            std::size_t rows, std::size_t cols) {
  const Real per_element = Real{1} / static_cast<Real>(cols);
  for (std::size_t row = 0; row < rows; ++row, x += cols, g += cols, dx += cols) {
    const Real scale = rstd[row];
    Vec sum_eh{};
    for_vectors(cols, [&](std::size_t i, auto count) {
      const Vec upstream = load_lanes(g + i, count);
      const Vec h = load_lanes(x + i, count) * scale;
      const Vec e = gain == nullptr ? upstream : upstream * load_lanes(gain + i, count);
      sum_eh += e * h;
      if (dgain != nullptr) add_into(dgain + i, upstream * h, count);
    });
    const Real mean_eh = add_lanes(sum_eh) * per_element;
    for_vectors(cols, [&](std::size_t i, auto count) {
      const Vec upstream = load_lanes(g + i, count);
      const Vec h = load_lanes(x + i, count) * scale;
      const Vec e = gain == nullptr ? upstream : upstream * load_lanes(gain + i, count);
      store_lanes(dx + i, (e - h * mean_eh) * scale, count);
    });
  }
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
