#include <algorithm>

#include <nlohmann/json.hpp>

#include "layers/models/model_options.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Json = nlohmann::json;

bool is_of_type(const Json& layer, const char* type) {
  return layer.is_object() && layer.contains("type") && layer["type"] == type;
}

/// Steps of a block, 1 for a residual, those inside of a sequential. What runs within a step writes to another stream.
std::size_t writes_of(const Json& layers) {
  if (!layers.is_array()) return 0;
  std::size_t writes = 0;
  for (const Json& layer : layers) {
    if (is_of_type(layer, "block") && layer.contains("steps")) writes += layer["steps"].size();
    if (is_of_type(layer, "residual")) ++writes;
    if (is_of_type(layer, "sequential") && layer.contains("layers")) writes += writes_of(layer["layers"]);
  }
  return writes;
}

}  // namespace

std::size_t residual_writes(const Json& composed) {
  std::size_t most = 0;
  for (const char* key : {"blocks", "encoder_blocks"}) {
    if (composed.contains(key)) most = std::max(most, writes_of(composed[key]));
  }
  return most;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
