#pragma once

#include "apps/config/config.h"
#include "apps/config/located.h"
#include "apps/config/validate.h"

namespace headlight::config::schema {

/// The mistakes that no single key shows: values that do not fit together. `given` is what the sources said, for
/// places. A rule is left out when a key that it speaks of has a mistake already.
void check_together(const Config& config, const Node& given, Report& report);

/// The node at a dotted path below `root`, or nullptr.
const Node* find_node(const Node& root, std::string_view path);

/// Where to show a problem of the key: its value if given, else the nearest object around it that is.
Place place_of(const Node& root, std::string_view path);

}  // namespace headlight::config::schema
