#pragma once

#include <string>

namespace headlight {

/// Loads a shared library with layers of a user, which register themselves. It must have been built against the headers
/// of this Headlight, with `headlight_add_plugin` of cmake/HeadlightLibrary.cmake. Throws ConfigError with the
/// system's reason.
void load_plugin(const std::string& path);

}  // namespace headlight
