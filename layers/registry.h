#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The JSON object that describes one layer, read strictly: each getter names the layer and the key when the value is
/// missing or of the wrong kind, and a key that nobody asked for is an error.
class LayerConfig {
 public:
  /// `json` must be an object with a string `type` and outlive this. Throws ConfigError otherwise.
  explicit LayerConfig(const nlohmann::json& json);

  const std::string& type() const { return type_; }

  /// A whole number from 1 to 2^31; the second form gives `fallback` where the key is absent.
  std::size_t size(const char* key) const;
  std::size_t size(const char* key, std::size_t fallback) const;
  /// A finite number.
  double number(const char* key) const;
  double number(const char* key, double fallback) const;
  bool flag(const char* key, bool fallback) const;
  std::string text(const char* key, const std::string& fallback) const;
  /// A thing with a type: the object {"type": "gaussian", ...}, also where the type stands alone as a string, and
  /// {"type": fallback} where the key is absent.
  nlohmann::json typed(const char* key, const std::string& fallback) const;
  /// A layer under this key: {"type": ..., ...}.
  std::unique_ptr<Layer> layer(const char* key, Init& init) const;
  /// A list of layers.
  std::vector<std::unique_ptr<Layer>> layers(const char* key, Init& init) const;

  /// A list of layers that each have a `name` beside their type: {"name": "attention", "type": ..., ...}.
  std::vector<std::pair<std::string, std::unique_ptr<Layer>>> named_layers(const char* key, Init& init) const;
  /// Whether the key is given, without reading it.
  bool has(const char* key) const;

  /// For a key that other keys make useless. Throws ConfigError when it is there: "`width` has no meaning with norm
  /// none", for `with` = "norm none".
  void refuse_meaningless(const char* key, std::string_view with) const;

  /// Throws ConfigError naming the first key that no getter has read.
  void refuse_unread() const;

 private:
  const nlohmann::json* find(const char* key) const;
  const nlohmann::json& require(const char* key) const;
  [[noreturn]] void refuse(const char* key, std::string_view wanted) const;

  const nlohmann::json& json_;
  std::string type_;
  mutable std::set<std::string> read_;
};

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

/// Builds a layer from its JSON. Throws ConfigError on an unknown type (listing the known ones) and on anything wrong
/// with its keys, StateError when two layers are registered under one name.
std::unique_ptr<Layer> make_layer(const nlohmann::json& json, Init& init);

/// The registered types, sorted. Throws StateError when two layers are registered under one name.
std::vector<std::string> registered_layers();

}  // namespace headlight::inline HEADLIGHT_PRECISION
