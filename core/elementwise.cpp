#include "core/elementwise.h"

#include "core/error.h"
#include "core/reduction.h"

namespace headlight::inline HEADLIGHT_PRECISION {

BroadcastRows::BroadcastRows(const Shape& array_shape, const Shape& shape) : step_(0) {
  if (shape.empty()) return;
  const Shape strides = row_major_strides(array_shape);
  const std::size_t missing = shape.size() - array_shape.size();
  outer_.assign(shape.begin(), shape.end() - 1);
  strides_.resize(outer_.size());
  for (std::size_t axis = 0; axis < outer_.size(); ++axis) {
    strides_[axis] = axis < missing || array_shape[axis - missing] == 1 ? 0 : strides[axis - missing];
  }
  step_ = array_shape.empty() || array_shape.back() == 1 ? 0 : 1;
}

std::size_t BroadcastRows::offset(std::size_t row) const {
  std::size_t offset = 0;
  for (std::size_t axis = outer_.size(); axis-- > 0;) {
    offset += row % outer_[axis] * strides_[axis];
    row /= outer_[axis];
  }
  return offset;
}

void add_into(Array& y, const Array& x) {
  if (y.shape() != x.shape()) {
    raise<ShapeError>("add_into", "the shapes differ", to_string(x.shape()) + " into " + to_string(y.shape()));
  }
  Real* const to = y.data();
  const Real* const from = x.data();
  parallel_ranges(y.size(), kElementGrain, [&](std::size_t begin, std::size_t end) {
#pragma omp simd
    for (std::size_t i = begin; i < end; ++i) to[i] += from[i];
  });
}

Array broadcast_copy(const Array& x, const Shape& shape, std::string_view where) {
  if (!broadcasts_to(x.shape(), shape)) {
    raise<ShapeError>(where, "the array does not broadcast to this shape",
                      to_string(x.shape()) + " to " + to_string(shape),
                      "extents must be equal or 1, counted from the last axis");
  }
  element_count(shape, where);
  Array y(shape);
  if (y.size() == 0) return y;
  const std::size_t columns = shape.empty() ? 1 : shape.back();
  const BroadcastRows rows(x.shape(), shape);
  parallel_ranges(y.size() / columns, (kElementGrain + columns - 1) / columns, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const Real* const from = x.data() + rows.offset(row);
      Real* const to = y.data() + row * columns;
      for (std::size_t i = 0; i < columns; ++i) to[i] = from[i * rows.step()];
    }
  });
  return y;
}

Array reduce_to(const Array& g, const Shape& shape, std::string_view where) {
  if (!broadcasts_to(shape, g.shape())) {
    raise<ShapeError>(where, "the gradient does not belong to this shape",
                      to_string(g.shape()) + " for " + to_string(shape));
  }
  return sum_to(g, shape);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
