#include "core/kernels/softmax.h"

#include <algorithm>
#include <cmath>

#include "core/kernels/masked_row.h"
#include "core/kernels/reduce.h"
#include "core/kernels/vector_math.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {
namespace {

// NaN is passed over: it comes back in the sum.
Real row_max(const Real* x, std::size_t n) {
  Vec top = splat(-kInfinity);
  for_vectors(n, [&](std::size_t i, auto count) { top = larger(load_lanes(x + i, count, -kInfinity), top); });
  return largest_lane(top);
}

// log sum exp x = top + rest, in two parts: near a large maximum their sum has no digits left for the rest.
struct LogSumExp {
  Real top;
  double rest;
};

LogSumExp log_sum_exp(const Real* x, std::size_t n) {
  const Real top = max(x, n);
  // max gives NaN if there is one; an infinite maximum is the answer itself.
  if (!std::isfinite(top)) return {top, 0};
  DoubleSum total;
  for_vectors(n, [&](std::size_t i, auto count) { total.add(exp(load_lanes(x + i, count, -kInfinity) - top)); });
  return {top, std::log(total.total())};
}

}  // namespace

void softmax_rows(const Real* x, Real* y, std::size_t rows, std::size_t cols) {
  for (std::size_t row = 0; row < rows; ++row, x += cols, y += cols) {
    const Real total = exponentiate(x, y, cols, row_max(x, cols));
    multiply(y, cols, Real{1} / total);
  }
}

void softmax_backward_rows(const Real* y, const Real* g, Real* dx, std::size_t rows, std::size_t cols) {
  for (std::size_t row = 0; row < rows; ++row, y += cols, g += cols, dx += cols) {
    Vec products{};
    for_vectors(cols,
                [&](std::size_t i, auto count) { products += load_lanes(y + i, count) * load_lanes(g + i, count); });
    const Real mean = add_lanes(products);
    map([=](Vec weight, Vec upstream) { return weight * (upstream - mean); }, cols, dx, y, g);
  }
}

void log_softmax_rows(const Real* x, Real* y, std::size_t rows, std::size_t cols) {
  for (std::size_t row = 0; row < rows; ++row, x += cols, y += cols) {
    const LogSumExp normalizer = log_sum_exp(x, cols);
    const Real rest = static_cast<Real>(normalizer.rest);
    map([=, top = normalizer.top](Vec v) { return v - top - rest; }, cols, y, x);
  }
}

void log_softmax_backward_rows(const Real* y, const Real* g, Real* dx, std::size_t rows, std::size_t cols) {
  for (std::size_t row = 0; row < rows; ++row, y += cols, g += cols, dx += cols) {
    const Real total = static_cast<Real>(sum(g, cols));
    map([=](Vec log_weight, Vec upstream) { return upstream - exp(log_weight) * total; }, cols, dx, y, g);
  }
}

void logsumexp_rows(const Real* x, Real* y, std::size_t rows, std::size_t cols) {
  for (std::size_t row = 0; row < rows; ++row, x += cols) {
    const LogSumExp result = log_sum_exp(x, cols);
    y[row] = static_cast<Real>(static_cast<double>(result.top) + result.rest);
  }
}

bool masked_softmax_row(const Real* scores, Real* weights, std::size_t n, Real scale, const VisibleKeys& keys) {
  const std::size_t width = keys.end - keys.begin;
  const std::size_t room = n - keys.begin;
  const std::size_t padded = std::min(room, (width + kLanes - 1) / kLanes * kLanes);
  Real* inside = weights + keys.begin;
  const std::uint8_t* visible = keys.visible == nullptr ? nullptr : keys.visible + keys.begin;
  const Real* bias = keys.bias == nullptr ? nullptr : keys.bias + keys.begin;

  const Real top = biased_scores(scores + keys.begin, inside, width, room, scale, bias, visible);
  set_zero(weights, keys.begin);
  set_zero(inside + padded, room - padded);
  if (std::isfinite(top)) {
    const Real total = exponentiate(inside, inside, padded, top);
    if (std::isfinite(total)) {
      multiply(inside, padded, Real{1} / total);  // total >= 1: the maximum adds exp(0)
      return true;
    }
  }
  // Nothing to see (all -inf), or NaN or +inf, which must not reach a hidden key.
  bool any_left = false;
  for (std::size_t i = 0; i < width; ++i) any_left = any_left || std::isnan(inside[i]) || inside[i] > -kInfinity;
  for (std::size_t i = 0; i < padded; ++i) {
    const bool seen = i < width && (visible == nullptr || visible[i] != 0) && !bias_hides(bias, i);
    inside[i] = any_left && seen ? std::numeric_limits<Real>::quiet_NaN() : Real{0};
  }
  return any_left;
}

void masked_softmax_backward_row(const Real* weights, const Real* dweights, Real* dscores, std::size_t n, Real scale,
                                 std::size_t begin, std::size_t end) {
  const Real* weight = weights + begin;
  const Real* upstream = dweights + begin;
  const std::size_t width = end - begin;
  // A weight of 0 wins over whatever stands in dweights: a hidden key passes no gradient, not even NaN.
  Vec products{};
  for_vectors(width, [&](std::size_t i, auto count) {
    const Vec w = load_lanes(weight + i, count);
    products += w == Real{0} ? Vec{} : w * load_lanes(upstream + i, count);
  });
  const Real mean = add_lanes(products);
  map([=](Vec w, Vec g) { return w == Real{0} ? Vec{} : w * (g - mean) * scale; }, width, dscores + begin, weight,
      upstream);
  set_zero(dscores, begin);
  set_zero(dscores + end, n - end);
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
