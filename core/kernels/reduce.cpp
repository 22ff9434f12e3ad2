#include "core/kernels/reduce.h"

#include "core/kernels/vec.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

double sum(const Real* x, std::size_t n) {
  DoubleSum total;
  for_vectors(n, [&](std::size_t i, auto count) { total.add(load_lanes(x + i, count)); });
  return total.total();
}

double sum_of_squares(const Real* x, std::size_t n) { return dot(x, x, n); }

double dot(const Real* x, const Real* y, std::size_t n) {
  DoubleSum total;
  for_vectors(n, [&](std::size_t i, auto count) {
    total.add_product(load_lanes(x + i, count), load_lanes(y + i, count));
  });
  return total.total();
}

namespace {

bool any_lane(BitsVec flags) {
  return fold<kLanes / 2>(flags, [](BitsVec a, BitsVec b) { return a | b; }) != 0;
}

// The largest of sign * x: comparisons pass over a NaN, so it is looked for beside them.
template <int sign>
Real extreme(const Real* x, std::size_t n) {
  Vec top = splat(-kInfinity);
  BitsVec nan{};
  for_vectors(n, [&](std::size_t i, auto count) {
    const Vec v = load_lanes(x + i, count, -sign * kInfinity) * Real{sign};
    nan |= v != v;  // NOLINT(misc-redundant-expression): true of NaN alone
    top = larger(v, top);
  });
  return any_lane(nan) ? std::numeric_limits<Real>::quiet_NaN() : largest_lane(top) * Real{sign};
}

}  // namespace

Real max(const Real* x, std::size_t n) { return extreme<1>(x, n); }

Real min(const Real* x, std::size_t n) { return extreme<-1>(x, n); }

void add_column_sums(const Real* x, Real* y, std::size_t rows, std::size_t cols) {
  // Down the columns of one vector: the sum stays in a register.
  for_vectors(cols, [&](std::size_t i, auto count) {
    Vec total = load_lanes(y + i, count);
    for (std::size_t row = 0; row < rows; ++row) total += load_lanes(x + row * cols + i, count);
    store_lanes(y + i, total, count);
  });
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
