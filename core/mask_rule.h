#pragma once

// What mask.cpp and mask_rows.cpp share.
#include <cstddef>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/mask.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct Mask::Rule {
  enum class Kind { causal, padding, window, allow, forbid, bias };
  Kind kind;
  Align align = Align::ends;
  Side side = Side::back;
  std::size_t window = 0;
  std::vector<std::size_t> lengths = {};
  Booleans visible = {};  ///< of allow and forbid, already in the sense of allow
  Array bias = {};

  const char* name() const {
    static constexpr const char* kNames[] = {"causal", "padding", "window", "allow", "forbid", "bias"};
    return kNames[static_cast<std::size_t>(kind)];
  }
};

/// Query q stands opposite key q + this.
inline std::ptrdiff_t causal_offset(Align align, std::size_t queries, std::size_t keys) {
  return align == Align::starts ? 0 : static_cast<std::ptrdiff_t>(keys) - static_cast<std::ptrdiff_t>(queries);
}

inline bool hides(Real bias) { return bias == -std::numeric_limits<Real>::infinity(); }

inline void check_scores_shape(const Shape& shape) {
  if (shape.size() != 4) {
    raise<ShapeError>("mask", "scores must have the shape (B, H, Tq, Tk)", to_string(shape));
  }
}

/// The element of an array of at most four axes that belongs to (b, h, q, k) by broadcasting.
inline std::size_t plane_index(const Shape& plane, const std::size_t (&index)[4]) {
  std::size_t offset = 0;
  for (std::size_t axis = 0; axis < plane.size(); ++axis) {
    offset = offset * plane[axis] + (plane[axis] == 1 ? 0 : index[4 - plane.size() + axis]);
  }
  return offset;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
