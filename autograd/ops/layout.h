#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "autograd/tensor.h"

/// The same elements in another arrangement. Results own their memory; nothing is a view.
namespace headlight::inline HEADLIGHT_PRECISION {

/// One extent of a new shape: a size, or -1 for "what remains". An unsigned value is always a size, so that an
/// underflow such as 3u - 4u is an error and not a request.
class Extent {
 public:
  template <std::integral I>
  constexpr Extent(I value)  // NOLINT(google-explicit-constructor): reads as a number
      : value_(static_cast<std::size_t>(value)), negative_(value < I{0}) {}

  constexpr std::size_t value() const { return value_; }
  constexpr bool is_negative() const { return negative_; }

 private:
  std::size_t value_;
  bool negative_;
};

/// A shape for reshape(): a Shape, or a list in braces in which one extent may be -1.
class NewShape {
 public:
  NewShape(std::initializer_list<Extent> extents)  // NOLINT(google-explicit-constructor)
      : extents_(extents) {}
  NewShape(const Shape& shape)  // NOLINT(google-explicit-constructor)
      : extents_(shape.begin(), shape.end()) {}

  /// The shape for `from`, with -1 replaced. Throws ShapeError when an extent is below -1, when two are -1, when one is
  /// -1 that no size satisfies or every size, or when the numbers of elements differ.
  Shape resolved(const Shape& from) const;

 private:
  std::vector<Extent, PoolAllocator<Extent>> extents_;
};

/// y has the elements of x in row-major order under a new shape.  dx = g under the old one.
/// Throws ShapeError as NewShape::resolved does.
Tensor reshape(const Tensor& x, const NewShape& shape);

/// y(..., i_axes[k], ...) = x: axis k of y is axis axes[k] of x; without axes their order is reversed.
/// dx = g with the axes put back. Throws ShapeError unless `axes` names every axis once.
Tensor transpose(const Tensor& x, const std::vector<std::ptrdiff_t>& axes = {});

/// Two axes exchanged, each counted from the end when negative. Throws ShapeError for an axis out of range.
Tensor transpose(const Tensor& x, std::ptrdiff_t axis, std::ptrdiff_t other);

/// x stretched to `shape` as numpy broadcasts.  dx = g summed over the stretched axes.
/// Throws ShapeError when x does not broadcast to exactly this shape.
Tensor broadcast_to(const Tensor& x, const Shape& shape);

}  // namespace headlight::inline HEADLIGHT_PRECISION
