#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/array.h"

/// Sizes, axes and broadcasting, checked before xtensor sees them.
///
/// The letters of shapes, used in every docstring: B batch, T time (Tq queries, Tk keys), C channels (d_model),
/// H heads, D head size, V vocabulary; `...` stands for any leading axes.
namespace headlight {

/// "(2, 7, 32)"; "()" for a scalar.
std::string to_string(const Shape& shape);

/// Number of elements. Throws ShapeError when the product does not fit (xtensor would silently wrap it).
std::size_t element_count(const Shape& shape, std::string_view where = "shape");

/// The shape that a and b broadcast to: aligned at the last axis, an extent of 1 stretches.
/// Throws ShapeError in the name of `where`.
Shape broadcast_shape(const Shape& a, const Shape& b, std::string_view where);

/// True when `from` broadcasts to exactly `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

/// An axis counted from the end when negative, as a position in [0, rank). Throws ShapeError.
std::size_t checked_axis(std::ptrdiff_t axis, std::size_t rank, std::string_view where);

/// Row-major strides; 0 on axes of extent 1.
Shape row_major_strides(const Shape& shape);

}  // namespace headlight
