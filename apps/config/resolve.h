#pragma once

#include <optional>

#include "apps/config/config.h"
#include "apps/config/located.h"
#include "apps/config/validate.h"

namespace headlight::config::schema {

/// Turns what the sources said, merged and checked one by one, into a Config: reports missing keys, fills defaults in,
/// derives the rest, and checks the values together. `sizes`: what files of the user hold, once they have been read.
/// The Config means nothing when `report` has problems.
Config resolve(const Node& given, const std::optional<DataSizes>& sizes, Report& report);

}  // namespace headlight::config::schema
