#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "layers/init.h"
#include "layers/layer.h"
#include "layers/layer_config.h"

namespace headlight::inline HEADLIGHT_PRECISION {

using LayerFactory = std::function<std::unique_ptr<Layer>(const LayerConfig&, Init&)>;

/// Makes a layer type known under a name for configs and checks. Stands as a constant in the layer's source file:
///
///     const RegisterLayer registration{"gated_residual", [](const LayerConfig& config, Init& init) {
///       return std::make_unique<GatedResidual>(config.size("dim"), init);
///     }};
class RegisterLayer {
 public:
  /// A name that is taken keeps its layer, and make_layer() and registered_layers() throw from then on.
  RegisterLayer(const std::string& type, LayerFactory factory);
};

/// Builds a layer from its JSON; `path` is its place in the JSON around it. Throws LayerError, which says where and
/// what fits, on an unknown type, on anything wrong with its keys and on what the layer's constructor refuses;
/// StateError when two layers are registered under one name.
std::unique_ptr<Layer> make_layer(const nlohmann::json& json, Init& init, const std::string& path = {});

/// The registered types, sorted. Throws StateError when two layers are registered under one name.
std::vector<std::string> registered_layers();

}  // namespace headlight::inline HEADLIGHT_PRECISION
