#pragma once

#include <cstddef>

#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The elements of a shape. A double, since sizes of a config may be such that no whole number holds the product.
double element_count(const Shape& shape);

/// Before memory is asked for: throws ConfigError, telling count and bytes, when `numbers` Reals, each held `copies`
/// times, need more than `memory` bytes.
void check_memory(const char* op, double numbers, std::size_t copies, std::size_t memory);

}  // namespace headlight::inline HEADLIGHT_PRECISION
