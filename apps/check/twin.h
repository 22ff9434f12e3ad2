#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "apps/check/options.h"
#include "apps/check/report.h"
#include "apps/config/config.h"

namespace headlight {

/// The checks of one precision, for code that knows no Real.
struct CheckTwin {
  /// "" when make_layer() builds it, else the message of its ConfigError.
  std::string (*refusal)(const nlohmann::json& layer);
  /// A registered layer. Throws ConfigError as registered_subject() does.
  CheckReport (*layer)(const nlohmann::json& layer, const CheckOptions& options, bool gradients_only);
  /// The model of a config. Throws ConfigError on sizes that cannot be.
  CheckReport (*model)(const config::Config& config, bool gradients_only);
};

const CheckTwin& float_twin();
const CheckTwin& double_twin();

}  // namespace headlight
