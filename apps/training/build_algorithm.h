#pragma once

#include <string>
#include <vector>

#include "apps/config/config.h"
#include "optim/groups.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The algorithm that a config's optimizer names. `not_hidden`: names of the matrices that Muon leaves to its AdamW.
Algorithm build_algorithm(const config::OptimizerConfig& optimizer, const std::vector<std::string>& not_hidden);

/// The settings of one of its groups. A group that names muon means all matrices that it matches.
GroupOptions build_group(const config::OptimizerConfig& optimizer, const config::ParameterGroup& group);

}  // namespace headlight::inline HEADLIGHT_PRECISION
