#include "layers/registry.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "layers/builtin_layers.h"

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

/// For messages: bytes that are no UTF-8 are replaced instead of thrown over.
std::string text_of(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string known_types() { return fmt::format("known types: {}", fmt::join(registered_layers(), ", ")); }

}  // namespace

LayerConfig::LayerConfig(const nlohmann::json& json) : json_(json) {
  if (!json.is_object()) {
    raise<ConfigError>("layer", "a layer is described by an object", "got " + text_of(json),
                       "write {\"type\": \"dense\", ...}");
  }
  const auto type = json.find("type");
  if (type == json.end() || !type->is_string()) {
    raise<ConfigError>("layer", "the key `type` is missing or no string", text_of(json), known_types());
  }
  type_ = type->get<std::string>();
  read_.insert("type");
}

const nlohmann::json* LayerConfig::find(const char* key) const {
  read_.insert(key);
  const auto at = json_.find(key);
  return at == json_.end() ? nullptr : &*at;
}

const nlohmann::json& LayerConfig::require(const char* key) const {
  const nlohmann::json* const value = find(key);
  if (value == nullptr) raise<ConfigError>(type_, fmt::format("the key `{}` is missing", key), text_of(json_));
  return *value;
}

void LayerConfig::refuse(const char* key, std::string_view wanted) const {
  raise<ConfigError>(type_, fmt::format("`{}` must be {}", key, wanted), "got " + text_of(json_[key]));
}

std::size_t LayerConfig::size(const char* key) const {
  const nlohmann::json& value = require(key);
  // A limit far above any layer keeps products of two sizes inside 64 bits.
  constexpr std::size_t limit = std::size_t{1} << 31;
  // A program that builds the JSON itself has signed integers in it, a parsed text unsigned ones. A negative number
  // that is read as unsigned lies above the limit.
  if (!value.is_number_integer() || value.get<std::size_t>() == 0 || value.get<std::size_t>() > limit) {
    refuse(key, fmt::format("a whole number from 1 to {}", limit));
  }
  return value.get<std::size_t>();
}

void LayerConfig::refuse_meaningless(const char* key, std::string_view with) const {
  if (find(key) == nullptr) return;
  raise<ConfigError>(type_, fmt::format("`{}` has no meaning with {}", key, with), text_of(json_), "leave it out");
}

std::size_t LayerConfig::size(const char* key, std::size_t fallback) const {
  return find(key) == nullptr ? fallback : size(key);
}

double LayerConfig::number(const char* key) const {
  const nlohmann::json& value = require(key);
  if (!value.is_number() || !std::isfinite(value.get<double>())) refuse(key, "a finite number");
  return value.get<double>();
}

double LayerConfig::number(const char* key, double fallback) const {
  return find(key) == nullptr ? fallback : number(key);
}

bool LayerConfig::flag(const char* key, bool fallback) const {
  const nlohmann::json* const value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) refuse(key, "true or false");
  return value->get<bool>();
}

std::string LayerConfig::text(const char* key, const std::string& fallback) const {
  const nlohmann::json* const value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) refuse(key, "a string");
  return value->get<std::string>();
}

nlohmann::json LayerConfig::typed(const char* key, const std::string& fallback) const {
  const nlohmann::json* const value = find(key);
  if (value != nullptr && value->is_object()) return *value;
  nlohmann::json named = nlohmann::json::object();
  named["type"] = value == nullptr ? fallback : text(key, fallback);
  return named;
}

std::unique_ptr<Layer> LayerConfig::layer(const char* key, Init& init) const { return make_layer(require(key), init); }

std::vector<std::unique_ptr<Layer>> LayerConfig::layers(const char* key, Init& init) const {
  const nlohmann::json& list = require(key);
  if (!list.is_array()) refuse(key, "a list of layers");
  std::vector<std::unique_ptr<Layer>> made;
  for (const nlohmann::json& item : list) made.push_back(make_layer(item, init));
  return made;
}

std::vector<std::pair<std::string, std::unique_ptr<Layer>>> LayerConfig::named_layers(const char* key,
                                                                                      Init& init) const {
  const nlohmann::json& list = require(key);
  if (!list.is_array()) refuse(key, "a list of layers");
  std::vector<std::pair<std::string, std::unique_ptr<Layer>>> made;
  for (const nlohmann::json& item : list) {
    const auto name = item.is_object() ? item.find("name") : item.end();
    if (name == item.end() || !name->is_string()) {
      raise<ConfigError>(type_, fmt::format("each layer of `{}` needs a `name`", key), "got " + text_of(item),
                         "write {\"name\": \"attention\", \"type\": ...}");
    }
    nlohmann::json layer = item;
    layer.erase("name");
    made.emplace_back(name->get<std::string>(), make_layer(layer, init));
  }
  return made;
}

bool LayerConfig::has(const char* key) const { return json_.contains(key); }

void LayerConfig::refuse_unread() const {
  for (const auto& item : json_.items()) {
    if (read_.count(item.key()) != 0) continue;
    raise<ConfigError>(type_, fmt::format("unknown key `{}`", item.key()), text_of(json_),
                       fmt::format("the keys are {}", fmt::join(read_, ", ")));
  }
}

RegisterLayer::RegisterLayer(const std::string& type, LayerFactory factory) {
  if (!registry().emplace(type, std::move(factory)).second) duplicates().insert(type);
}

std::unique_ptr<Layer> make_layer(const nlohmann::json& json, Init& init) {
  link_builtin_layers();
  refuse_duplicates();
  const LayerConfig config(json);
  const auto factory = registry().find(config.type());
  if (factory == registry().end()) {
    raise<ConfigError>("layer", "there is no layer type `" + config.type() + "`", {}, known_types());
  }
  std::unique_ptr<Layer> layer = factory->second(config, init);
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
