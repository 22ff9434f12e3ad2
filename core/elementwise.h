#pragma once

#include <cstddef>
#include <string_view>

#include "core/array.h"
#include "core/parallel.h"
#include "core/shape.h"

/// Elementwise loops over whole arrays: split in fixed chunks, vectorised, broadcasting as numpy does.
namespace headlight::inline HEADLIGHT_PRECISION {

/// Elements per chunk: a few microseconds of work, large against the cost of handing a chunk to a thread.
inline constexpr std::size_t kElementGrain = 16384;

/// y_i = f(x_i).
template <class F>
Array map(const Array& x, F f) {
  Array y(x.shape());
  const Real* const from = x.data();
  Real* const to = y.data();
  parallel_ranges(x.size(), kElementGrain, [&](std::size_t begin, std::size_t end) {
#pragma omp simd
    for (std::size_t i = begin; i < end; ++i) to[i] = f(from[i]);
  });
  return y;
}

/// y_i = f(a_i, b_i) on arrays of one shape.
template <class F>
Array zip_same(const Array& a, const Array& b, F f) {
  Array y(a.shape());
  const Real* const p = a.data();
  const Real* const q = b.data();
  Real* const to = y.data();
  parallel_ranges(a.size(), kElementGrain, [&](std::size_t begin, std::size_t end) {
#pragma omp simd
    for (std::size_t i = begin; i < end; ++i) to[i] = f(p[i], q[i]);
  });
  return y;
}

/// y = kernel(x), where kernel(from, to, n) computes n consecutive elements.
template <class Kernel>
Array map_spans(const Array& x, Kernel kernel) {
  Array y(x.shape());
  const Real* const from = x.data();
  Real* const to = y.data();
  parallel_ranges(x.size(), kElementGrain,
                  [&](std::size_t begin, std::size_t end) { kernel(from + begin, to + begin, end - begin); });
  return y;
}

/// y_i = f(y_i, in_i, ...) in place, on arrays of one shape.
template <class F, class... In>
void update(Array& y, F f, const In&... in) {
  Real* const to = y.data();
  const auto loop = [to, f](std::size_t begin, std::size_t end, const auto* const... from) {
#pragma omp simd
    for (std::size_t i = begin; i < end; ++i) to[i] = f(to[i], from[i]...);
  };
  parallel_ranges(y.size(), kElementGrain, [&](std::size_t begin, std::size_t end) { loop(begin, end, in.data()...); });
}

/// An array seen through the shape it broadcasts to: where each row (the last axis) begins, and the step inside it.
class BroadcastRows {
 public:
  /// `array_shape` must broadcast to `shape`.
  BroadcastRows(const Shape& array_shape, const Shape& shape);
  /// Offset of the first element of a row in the array.
  std::size_t offset(std::size_t row) const;
  /// 1, or 0 where the last axis is stretched.
  std::size_t step() const { return step_; }

 private:
  Shape outer_;
  Shape strides_;
  std::size_t step_;
};

/// y_i = f(a_i, b_i), where a and b broadcast to a common shape. Throws ShapeError in the name of `where`.
template <class F>
Array zip(std::string_view where, const Array& a, const Array& b, F f) {
  if (a.shape() == b.shape()) return zip_same(a, b, f);
  const Shape shape = broadcast_shape(a.shape(), b.shape(), where);
  element_count(shape, where);
  Array y(shape);
  if (y.size() == 0) return y;
  const std::size_t columns = shape.empty() ? 1 : shape.back();
  const std::size_t rows = y.size() / columns;
  const BroadcastRows a_rows(a.shape(), shape);
  const BroadcastRows b_rows(b.shape(), shape);
  const std::size_t rows_per_chunk = (kElementGrain + columns - 1) / columns;
  parallel_ranges(rows, rows_per_chunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const Real* const p = a.data() + a_rows.offset(row);
      const Real* const q = b.data() + b_rows.offset(row);
      Real* const to = y.data() + row * columns;
      // One loop per combination of steps, so that each vectorises.
      if (a_rows.step() == 1 && b_rows.step() == 1) {
#pragma omp simd
        for (std::size_t i = 0; i < columns; ++i) to[i] = f(p[i], q[i]);
      } else if (a_rows.step() == 1) {
        const Real constant = *q;
#pragma omp simd
        for (std::size_t i = 0; i < columns; ++i) to[i] = f(p[i], constant);
      } else if (b_rows.step() == 1) {
        const Real constant = *p;
#pragma omp simd
        for (std::size_t i = 0; i < columns; ++i) to[i] = f(constant, q[i]);
      } else {
        const Real constant = f(*p, *q);
#pragma omp simd
        for (std::size_t i = 0; i < columns; ++i) to[i] = constant;
      }
    }
  });
  return y;
}

/// y += x. Throws ShapeError when the shapes differ (xtensor's += would resize y).
void add_into(Array& y, const Array& x);

/// x stretched to `shape`. Throws ShapeError in the name of `where` when it does not broadcast to exactly that.
Array broadcast_copy(const Array& x, const Shape& shape, std::string_view where);

/// The inverse for gradients: g summed over the axes along which an array of shape `shape` was stretched to g's shape.
/// Summed in double, in a fixed order. Throws ShapeError in the name of `where`.
Array reduce_to(const Array& g, const Shape& shape, std::string_view where);

}  // namespace headlight::inline HEADLIGHT_PRECISION
