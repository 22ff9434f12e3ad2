#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace headlight::config {

/// The table as JSON Schema (draft 7), for editors. It says everything about single keys; what only several keys
/// together show (a batch larger than the training set) is left to reading.
nlohmann::ordered_json config_schema();

/// The table as text: each key with its type, default and meaning, under its section.
std::string config_reference();

}  // namespace headlight::config
