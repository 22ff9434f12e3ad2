#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "autograd/tensor.h"

/// Taking arrays apart along an axis and joining them.
namespace headlight::inline HEADLIGHT_PRECISION {

/// Which part of an axis: begin, begin + step, ... below end. Axis, begin and end count from the end when negative.
struct Slice {
  static constexpr std::ptrdiff_t kToTheEnd = std::numeric_limits<std::ptrdiff_t>::max();

  std::ptrdiff_t axis = 0;
  std::ptrdiff_t begin = 0;
  std::ptrdiff_t end = kToTheEnd;
  std::ptrdiff_t step = 1;
};

/// y = the part of x that `part` names; the axis stays, with the extent ceil((end - begin) / step), which may be 0.
/// dx = g in that part, 0 elsewhere.
/// Throws ShapeError when the axis is out of range, begin or end lie outside of [0, extent] (nothing is cut silently),
/// end < begin, or step < 1.
Tensor slice(const Tensor& x, const Slice& part);

/// The consecutive parts of an axis with the given sizes; the inverse of concat(). dx = the gradients of the parts side
/// by side, 0 for a part that received none. Throws ShapeError when the sizes do not add up to the extent, or no size
/// is given.
std::vector<Tensor> split(const Tensor& x, const std::vector<std::size_t>& sizes, std::ptrdiff_t axis = -1);

/// The parts side by side along an axis.  dpart = the part's own piece of g.
/// Throws ShapeError without parts, and when two of them differ in rank or in another axis.
Tensor concat(const std::vector<Tensor>& parts, std::ptrdiff_t axis = -1);

/// Elements added before and after an axis.
struct Padding {
  std::size_t before = 0;
  std::size_t after = 0;
};

/// x surrounded by `value`; one entry of `padding` per axis.  dx = the inner part of g.
/// Throws ShapeError when the number of entries is not the rank, or the result is too large.
Tensor pad(const Tensor& x, const std::vector<Padding>& padding, Real value = 0);

}  // namespace headlight::inline HEADLIGHT_PRECISION
