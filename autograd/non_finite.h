#pragma once

#include <cstdint>
#include <string>

#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Throws NumericError when `a` holds NaN or infinity: `what` (operation, layer, direction), the step, the first such
/// element, how many there are, and the largest finite magnitude beside them.
void refuse_non_finite(const Array& a, const std::string& what, std::uint64_t step);

}  // namespace headlight::inline HEADLIGHT_PRECISION
