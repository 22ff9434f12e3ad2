#pragma once

#include <string>

#include "apps/config/read.h"

namespace headlight {

/// A line that names the keys which are checked but have no effect yet, as far as the config says something of them;
/// else nothing.
std::string note_of_keys_without_effect(const config::LoadedConfig& loaded);

}  // namespace headlight
