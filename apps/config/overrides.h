#pragma once

#include <optional>
#include <vector>

#include "apps/config/located.h"
#include "apps/config/read.h"

namespace headlight::config::schema {

/// Reads one `section.key=value` of the command line as the smallest config that says the same: an object for every
/// step of the path (marked `path_step`), and the value at its end. The value is JSON if it can be, else the text
/// itself; null takes back what earlier sources say of the key (marked `removes`). A short name is replaced by the path
/// it stands for and added to `aliases`. An argument without a path or without `=` is added to `problems`.
std::optional<Node> read_override(const Source& argument, std::vector<ResolvedAlias>& aliases,
                                  std::vector<Problem>& problems);

}  // namespace headlight::config::schema
