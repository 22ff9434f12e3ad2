#include "layers/registry.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/words.h"
#include "layers/builtin_layers.h"
#include "layers/layer_error.h"

namespace headlight::inline HEADLIGHT_PRECISION {

namespace {

// Function's statics: registrations run before main, in any order.
std::map<std::string, LayerFactory>& registry() {
  static std::map<std::string, LayerFactory> factories;
  return factories;
}

// Types that were registered twice. Before main nobody can catch an exception, so the first use throws it.
std::set<std::string>& duplicates() {
  static std::set<std::string> types;
  return types;
}

void refuse_duplicates() {
  if (duplicates().empty()) return;
  raise<StateError>("register layer", fmt::format("registered twice: {}", fmt::join(duplicates(), ", ")), {},
                    "choose another name for one of the layers");
}

}  // namespace

RegisterLayer::RegisterLayer(const std::string& type, LayerFactory factory) {
  if (!registry().emplace(type, std::move(factory)).second) duplicates().insert(type);
}

std::unique_ptr<Layer> make_layer(const nlohmann::json& json, Init& init, const std::string& path) {
  link_builtin_layers();
  refuse_duplicates();
  const LayerConfig config(json, path);
  const auto factory = registry().find(config.type());
  if (factory == registry().end()) {
    const std::vector<std::string> known = registered_layers();
    const std::string near = nearest_word(config.type(), known);
    throw LayerError({{.path = join_path(path, "type"),
                       .what = "there is no layer type `" + config.type() + "`",
                       .help = fmt::format("{}the types are {}", near.empty() ? "" : "did you mean `" + near + "`? ",
                                           fmt::join(known, ", "))}});
  }
  std::unique_ptr<Layer> layer;
  try {
    layer = factory->second(config, init);
  } catch (const LayerError&) {
    throw;
  } catch (const ConfigError& error) {
    throw LayerError({{.path = path, .what = error.what(), .help = {}}});
  }
  config.refuse_unread();
  return layer;
}

std::vector<std::string> registered_layers() {
  link_builtin_layers();
  refuse_duplicates();
  std::vector<std::string> types;
  for (const auto& entry : registry()) types.push_back(entry.first);
  return types;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
