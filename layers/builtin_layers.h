#pragma once

#include "core/real.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Does nothing: a call makes the linker take builtin_layers.cpp, and the registrations in it, out of the library.
void link_builtin_layers();

/// The same for builtin_blocks.cpp; link_builtin_layers() calls it.
void link_builtin_blocks();

}  // namespace headlight::inline HEADLIGHT_PRECISION
