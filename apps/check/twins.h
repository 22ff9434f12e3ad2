#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "apps/check/options.h"
#include "apps/check/report.h"
#include "apps/config/config.h"

/// The checks with both precisions together, as `headlight check` runs them: gradients in double, all else in float, as
/// training does. Link headlight_check_twins; layers of your own must be linked in both precisions.
namespace headlight {

/// A registered layer from its JSON: {"type": "gated_residual", "dim": 8}. Sizes and promises that are not given are
/// chosen: see default_layer(). Throws ConfigError when the layer cannot be built or called, naming a command that can.
CheckReport check_registered_layer(const nlohmann::json& layer);
CheckReport check_registered_layer(const nlohmann::json& layer, const CheckOptions& options);

/// The whole model that a config describes.
CheckReport check_model(const config::Config& config);

}  // namespace headlight
