#include "core/rearrange.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "core/elementwise.h"
#include "core/error.h"
#include "core/kernels/transpose.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

template <class T>
using Scratch = std::vector<T, PoolAllocator<T>>;

/// body(row, first, last) for all columns of all rows; short rows share a chunk, long ones are cut.
template <class Body>
void for_pieces(Blocks blocks, Body body) {
  if (blocks.columns == 0) return;
  const std::size_t pieces = (blocks.columns + kElementGrain - 1) / kElementGrain;
  const std::size_t tasks_per_chunk = std::max<std::size_t>(1, kElementGrain / blocks.columns);
  parallel_ranges(blocks.rows * pieces, tasks_per_chunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t task = begin; task < end; ++task) {
      const std::size_t first = task % pieces * kElementGrain;
      body(task / pieces, first, std::min(first + kElementGrain, blocks.columns));
    }
  });
}

}  // namespace

Array permuted(const Array& x, std::span<const std::size_t> order) {
  constexpr std::size_t kMaximumAxes = 16;
  Shape shape(order.size());
  Scratch<std::size_t> extents;
  Scratch<std::ptrdiff_t> strides;
  const Shape x_strides = row_major_strides(x.shape());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t extent = x.shape()[order[i]];
    shape[i] = extent;
    if (extent == 1) continue;
    const auto stride = static_cast<std::ptrdiff_t>(x_strides[order[i]]);
    if (!extents.empty() && strides.back() == stride * static_cast<std::ptrdiff_t>(extent)) {
      extents.back() *= extent;
      strides.back() = stride;
    } else {
      extents.push_back(extent);
      strides.push_back(stride);
    }
  }
  Array y(shape);
  if (extents.size() > kMaximumAxes) {
    raise<ShapeError>("transpose", "too many axes", "shape " + to_string(x.shape()),
                      "reshape to 16 axes or fewer first");
  }
  if (y.size() == 0) return y;
  if (extents.empty()) {
    *y.data() = *x.data();
    return y;
  }
  const std::size_t row = y.size() / extents.front();
  parallel_ranges(extents.front(), std::max<std::size_t>(1, kElementGrain / row),
                  [&](std::size_t first, std::size_t last) {
                    kernels::copy_strided(x.data(), extents, strides, y.data() + first * row, first, last);
                  });
  return y;
}

Array axes_swapped(const Array& x, std::size_t axis, std::size_t other) {
  Scratch<std::size_t> order(x.dimension());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::swap(order[axis], order[other]);
  return permuted(x, order);
}

Array rows_taken(const Array& x, std::span<const std::size_t> rows) {
  Shape shape = x.shape();
  const std::size_t size = shape[0] == 0 ? 0 : x.size() / shape[0];
  shape[0] = rows.size();
  Array taken = uninitialized(shape);
  for (std::size_t i = 0; i < rows.size(); ++i) std::copy_n(x.data() + rows[i] * size, size, taken.data() + i * size);
  return taken;
}

void fill(Array& y, Real value) { fill_blocks(y.data(), 0, {.rows = 1, .columns = y.size()}, value); }

void copy_blocks(const Real* x, std::size_t x_step, Real* y, std::size_t y_step, Blocks blocks) {
  for_pieces(blocks, [=](std::size_t row, std::size_t first, std::size_t last) {
    std::copy(x + row * x_step + first, x + row * x_step + last, y + row * y_step + first);
  });
}

void add_blocks(const Real* x, std::size_t x_step, Real* y, std::size_t y_step, Blocks blocks) {
  for_pieces(blocks, [=](std::size_t row, std::size_t first, std::size_t last) {
    const Real* const from = x + row * x_step;
    Real* const to = y + row * y_step;
#pragma omp simd
    for (std::size_t i = first; i < last; ++i) to[i] += from[i];
  });
}

void fill_blocks(Real* y, std::size_t y_step, Blocks blocks, Real value) {
  for_pieces(blocks, [=](std::size_t row, std::size_t first, std::size_t last) {
    std::fill(y + row * y_step + first, y + row * y_step + last, value);
  });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
