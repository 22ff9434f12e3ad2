#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/config.h"

namespace headlight::config {

/// A key whose values differ. Values are JSON text; "" where there is none.
struct Difference {
  std::string path;  ///< dotted: "optimizer.lr"
  std::string first;
  std::string second;
};

/// The keys in which two resolved configs (see to_json()) differ, in the order of the first, those of the second alone
/// behind them. Lists are compared whole.
std::vector<Difference> differences(const nlohmann::ordered_json& first, const nlohmann::ordered_json& second);

/// What a config of the same task and length says that gives nothing else; where the defaults do not fit the task, the kind
/// and length of the model are the same too, or its whole description. The config itself where not even that fits.
Config defaults_beside(const Config& config);

}  // namespace headlight::config
