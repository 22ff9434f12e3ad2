#pragma once

#include <cstddef>
#include <string>

#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Number of trained numbers in a module.
std::size_t parameter_count(const Module& module);

/// A table of all parameters: name, shape, count and how each was initialised, with the total in the last line.
std::string summary(const Module& module);

}  // namespace headlight::inline HEADLIGHT_PRECISION
