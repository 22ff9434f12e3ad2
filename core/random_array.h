#pragma once

#include "core/array.h"
#include "core/random.h"

/// Arrays of random numbers. Element i depends on the key and on i alone, and is the same number in both precisions but
/// for rounding.
namespace headlight::inline HEADLIGHT_PRECISION {

/// Uniform in [low, high). Throws as fill_uniform() and uninitialized() do.
Array random_uniform(const Shape& shape, double low, double high, const RandomKey& key);

/// Normal. Throws as fill_normal() and uninitialized() do.
Array random_normal(const Shape& shape, double mean, double deviation, const RandomKey& key);

}  // namespace headlight::inline HEADLIGHT_PRECISION
