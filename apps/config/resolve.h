#pragma once

#include "apps/config/config.h"
#include "apps/config/located.h"
#include "apps/config/validate.h"

namespace headlight::config::schema {

/// Turns what the sources said, merged and checked one by one, into a Config: reports missing keys, fills defaults in,
/// derives the rest, and checks the values together. The Config means nothing when `report` has problems.
Config resolve(const Node& given, Report& report);

}  // namespace headlight::config::schema
