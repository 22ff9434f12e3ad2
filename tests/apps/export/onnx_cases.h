#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "layers/models/model.h"

namespace headlight::testing {

/// A small model whose export is compared with the model itself.
struct OnnxCase {
  std::string name;
  std::string composed;  ///< JSON
};

/// Models that use, all together, every layer type that comes with Headlight, every architecture, and every value of
/// their options that changes what is computed.
std::vector<OnnxCase> onnx_cases();

/// The model of a case with all parameters and buffers drawn anew: first values like zeros and ones would hide that they
/// are not used.
std::unique_ptr<Model> drawn_model(const nlohmann::json& composed);

}  // namespace headlight::testing
