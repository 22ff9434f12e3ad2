#pragma once

// The JSON files of tests/reference: arrays as {"shape": [...], "data": [...]}, row-major.
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {

/// A file of tests/reference, read strictly.
nlohmann::json reference_json(const std::string& name);

Array array_of(const nlohmann::json& json);
Booleans booleans_of(const nlohmann::json& json);

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
