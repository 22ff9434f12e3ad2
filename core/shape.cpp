#include "core/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace headlight {

std::string to_string(const Shape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

std::size_t element_count(const Shape& shape, std::string_view where) {
  // Half of the address space, so that the size in bytes and pointer differences fit as well.
  constexpr std::size_t limit = std::numeric_limits<std::size_t>::max() / 32;
  std::size_t count = 1;
  for (const std::size_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count) || count > limit) {
      raise<ShapeError>(where, "the number of elements is too large", "shape " + to_string(shape),
                        "check the sizes for an underflow such as 3 - 4");
    }
  }
  return count;
}

Shape broadcast_shape(const Shape& a, const Shape& b, std::string_view where) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  const std::size_t offset = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    const std::size_t p = longer[offset + i];
    const std::size_t q = shorter[i];
    if (p != q && p != 1 && q != 1) {
      raise<ShapeError>(where, "the shapes do not broadcast", to_string(a) + " and " + to_string(b),
                        "extents must be equal or 1, counted from the last axis");
    }
    out[offset + i] = p == 1 ? q : p;
  }
  return out;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  const std::size_t offset = to.size() - from.size();
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] != to[offset + i] && from[i] != 1) return false;
  }
  return true;
}

std::size_t checked_axis(std::ptrdiff_t axis, std::size_t rank, std::string_view where) {
  const auto signed_rank = static_cast<std::ptrdiff_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    raise<ShapeError>(where, fmt::format("axis {} is out of range", axis), fmt::format("an array of rank {}", rank),
                      rank == 0 ? "a scalar has no axes"
                                : fmt::format("axes run from {} to {}", -signed_rank, signed_rank - 1));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

Shape row_major_strides(const Shape& shape) {
  Shape strides = shape;
  std::size_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = shape[i] == 1 ? 0 : step;
    step *= shape[i];
  }
  return strides;
}

}  // namespace headlight
