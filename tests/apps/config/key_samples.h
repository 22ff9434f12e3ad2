#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace headlight::testing {

/// A value for each key that has no plain default.
const std::map<std::string, nlohmann::ordered_json>& key_samples();

}  // namespace headlight::testing
