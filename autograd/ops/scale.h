#pragma once

#include "core/elementwise.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// y = factor * y, in place: of a gradient that is the rule's own.
inline void scale(Array& y, Real factor) {
  update(y, [factor](Real p) { return factor * p; });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
