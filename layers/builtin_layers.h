#pragma once

#include "core/real.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Does nothing: a call makes the linker take builtin_layers.cpp, and the registrations in it, out of the library.
void link_builtin_layers();

}  // namespace headlight::inline HEADLIGHT_PRECISION
