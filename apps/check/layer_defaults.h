#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "apps/check/options.h"

/// Sizes and promises for layers that are checked by their type alone.
namespace headlight {

/// Keys for a small layer of this type; {} for a type that is not ours.
nlohmann::json default_keys(const std::string& type);

/// What our own types promise beyond what is measured.
Promises default_promises(const nlohmann::json& layer);

/// Tells whether a layer can be built: "" or the message.
using LayerTrial = std::function<std::string(const nlohmann::json& layer)>;

/// The layer with default keys where it needs some and none of its own stand against them.
/// Throws ConfigError when it cannot be built so; where keys are missing, with a command that has them all.
nlohmann::json completed_layer(const nlohmann::json& layer, const LayerTrial& trial);

}  // namespace headlight
