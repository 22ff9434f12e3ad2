#include "layers/layer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "core/words.h"
#include "layers/registry.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using At = LayerError::Fault::At;

// A limit far above any layer keeps products of two sizes inside 64 bits.
constexpr std::size_t kLargestSize = std::size_t{1} << 31;
constexpr std::size_t kShownBytes = 60;

/// A value as the user wrote it, cut where it is long. Bytes that are no UTF-8 are replaced instead of thrown over.
std::string shown(const nlohmann::json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return fmt::format("a list of {}", json.size());
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() <= kShownBytes ? text : text.substr(0, kShownBytes) + "...";
}

std::string printable(const std::string& text) {
  const std::string quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

std::string quoted_list(const std::vector<std::string>& names) {
  return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

std::string describe(const NumberRange& range) {
  const bool from = range.from > std::numeric_limits<double>::lowest();
  if (std::isfinite(range.below)) return fmt::format("a number from {} to below {}", range.from, range.below);
  const bool to = range.to < std::numeric_limits<double>::max();
  if (from && to) return fmt::format("a number from {} to {}", range.from, range.to);
  if (from) return fmt::format("a finite number, at least {}", range.from);
  return to ? fmt::format("a finite number, at most {}", range.to) : "a finite number";
}

/// Whole numbers that a program wrote are signed, those of a parsed text unsigned; a negative one read as unsigned lies
/// above the limit.
bool is_size(const nlohmann::json& value, std::size_t least) {
  if (!value.is_number_integer()) return false;
  const auto size = value.get<std::size_t>();
  return size >= least && size <= kLargestSize;
}

}  // namespace

LayerConfig::LayerConfig(const nlohmann::json& json, std::string path) : json_(json), path_(std::move(path)) {
  if (!json.is_object()) {
    raise_fault("", fmt::format("a layer is described by an object, not {}", shown(json)),
                json.is_array() ? "take the layers out of the inner list, or write {\"type\": \"sequential\", "
                                  "\"layers\": [...]}"
                                : "write {\"type\": \"dense\", ...}");
  }
  const auto type = json.find("type");
  const std::string known = fmt::format("the types are {}", fmt::join(registered_layers(), ", "));
  if (type == json.end()) raise_fault("type", "a layer without the key `type`", known, At::missing);
  if (!type->is_string())
    raise_fault("type", fmt::format("`type` must be the name of a layer, not {}", shown(*type)), known);
  type_ = type->get<std::string>();
  owner_ = "a layer of type " + type_;
  read_ = {"type", "name"};
}

LayerConfig::LayerConfig(const nlohmann::json& json, std::string path, std::string what)
    : json_(json), path_(std::move(path)), owner_(std::move(what)) {
  if (!json.is_object()) {
    raise_fault("", fmt::format("{} is described by an object, not {}", owner_, shown(json)), "write {...}");
  }
}

void LayerConfig::raise_fault(const std::string& key, std::string what, std::string help, At at) const {
  throw LayerError({{.path = join_path(path_, key), .what = std::move(what), .help = std::move(help), .at = at}});
}

const nlohmann::json* LayerConfig::find(const char* key) const {
  read_.insert(key);
  const auto at = json_.find(key);
  return at == json_.end() ? nullptr : &*at;
}

const nlohmann::json& LayerConfig::require(const char* key) const {
  const nlohmann::json* const value = find(key);
  if (value != nullptr) return *value;
  std::vector<std::string> unread;
  for (const auto& item : json_.items()) {
    if (read_.count(item.key()) == 0) unread.push_back(item.key());
  }
  std::string help = "it cannot be built without";
  for (const std::string& written : unread) {
    if (is_near(written, key)) help = fmt::format("`{}` is given: did you mean `{}`?", printable(written), key);
  }
  raise_fault(key, fmt::format("missing key `{}` in {}", key, owner_), help, At::missing);
}

void LayerConfig::refuse(const char* key, std::string_view wanted) const {
  raise_fault(key, fmt::format("`{}` must be {}, not {}", key, wanted, shown(json_.at(key))),
              fmt::format("correct it in {}", owner_));
}

std::size_t LayerConfig::size(const char* key) const {
  const nlohmann::json& value = require(key);
  if (!is_size(value, 1)) refuse(key, fmt::format("a whole number from 1 to {}", kLargestSize));
  return value.get<std::size_t>();
}

std::size_t LayerConfig::size(const char* key, std::size_t fallback) const { return has(key) ? size(key) : fallback; }

std::size_t LayerConfig::count(const char* key, std::size_t fallback) const {
  const nlohmann::json* const value = find(key);
  if (value == nullptr) return fallback;
  if (!is_size(*value, 0)) refuse(key, fmt::format("a whole number from 0 to {}", kLargestSize));
  return value->get<std::size_t>();
}

double LayerConfig::number(const char* key, const NumberRange& range) const {
  const nlohmann::json& value = require(key);
  const double number = value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
  if (!(number >= range.from && number <= range.to && number < range.below)) refuse(key, describe(range));
  return number;
}

double LayerConfig::number(const char* key, double fallback, const NumberRange& range) const {
  return has(key) ? number(key, range) : fallback;
}

double LayerConfig::share(const char* key) const { return number(key, {.from = 0, .below = 1}); }

double LayerConfig::share(const char* key, double fallback) const { return has(key) ? share(key) : fallback; }

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

std::string LayerConfig::path_of(const char* key) const { return join_path(path_, key); }

std::optional<std::size_t> LayerConfig::chosen_name(const char* key, const std::vector<std::string>& names) const {
  const nlohmann::json* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) {
    const auto at = std::find(names.begin(), names.end(), value->get<std::string>());
    if (at != names.end()) return static_cast<std::size_t>(at - names.begin());
  }
  const std::string near = value->is_string() ? nearest_word(value->get<std::string>(), names) : "";
  raise_fault(key, fmt::format("`{}` must be one of {}, not {}", key, quoted_list(names), shown(*value)),
              near.empty() ? fmt::format("correct it in {}", owner_) : fmt::format("did you mean \"{}\"?", near));
}

std::optional<LayerConfig> LayerConfig::section(const char* key) const {
  const nlohmann::json* const value = find(key);
  if (value == nullptr) return std::nullopt;
  return LayerConfig(*value, join_path(path_, key), fmt::format("`{}` of {}", key, owner_));
}

std::unique_ptr<Layer> LayerConfig::layer(const char* key, Init& init) const {
  const nlohmann::json& value = require(key);
  if (value.is_array()) {
    raise_fault(key, fmt::format("`{}` must be one layer, not a list", key),
                "to run several layers there, write {\"type\": \"sequential\", \"layers\": [...]}");
  }
  if (value.is_object() && value.contains("name")) {
    throw LayerError({{.path = join_path(join_path(path_, key), "name"),
                       .what = "`name` has no effect here",
                       .help = fmt::format("remove it; this layer is called `{}`", key),
                       .at = At::key}});
  }
  return make_layer(value, init, join_path(path_, key));
}

std::vector<NamedLayer> LayerConfig::layers(const char* key, Init& init) const {
  return make_layers(require(key), init, join_path(path_, key));
}

void LayerConfig::refuse_meaningless(const char* key, std::string_view with) const {
  if (has(key)) raise_fault(key, fmt::format("`{}` has no meaning with {}", key, with), "leave it out", At::key);
}

std::vector<std::string> LayerConfig::known_keys() const {
  std::vector<std::string> known(read_.begin(), read_.end());
  std::erase(known, "name");
  return known;
}

void LayerConfig::refuse_unread() const {
  LayerFaults faults;
  for (const auto& item : json_.items()) {
    if (read_.count(item.key()) != 0) continue;
    const std::string near = nearest_word(item.key(), known_keys());
    faults.add({.path = join_path(path_, item.key()),
                .what = fmt::format("unknown key `{}` in {}", printable(item.key()), owner_),
                .help = near.empty() ? fmt::format("its keys are {}", fmt::join(known_keys(), ", "))
                                     : fmt::format("a key with a similar name exists: `{}`", near),
                .at = At::key});
  }
  faults.raise_all();
}

std::vector<NamedLayer> make_layers(const nlohmann::json& list, Init& init, const std::string& path) {
  if (!list.is_array()) {
    throw LayerError(
        {{.path = path,
          .what = fmt::format("a list of layers is wanted, not {}", shown(list)),
          .help = list.is_object() ? "put the layer into a list: [{\"type\": ...}]" : "write [{\"type\": ...}, ...]"}});
  }
  std::vector<NamedLayer> made;
  std::set<std::string> names;
  LayerFaults faults;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const nlohmann::json& item = list[i];
    const std::string place = join_path(path, std::to_string(i));
    std::string name = std::to_string(i);
    if (item.is_object() && item.contains("name")) {
      const nlohmann::json& given = item["name"];
      name = given.is_string() ? given.get<std::string>() : "";
      if (name.empty() || name.find('.') != std::string::npos) {
        faults.add({.path = join_path(place, "name"),
                    .what = fmt::format("`name` must be a text without dots, not {}", shown(given)),
                    .help = "dots separate a layer's name from those of the layers inside it"});
        continue;
      }
    }
    if (!names.insert(name).second) {
      faults.add({.path = item.contains("name") ? join_path(place, "name") : place,
                  .what = fmt::format("two layers of one list are called `{}`", printable(name)),
                  .help = "give them different names; without `name` a layer is called by its place"});
      continue;
    }
    faults.collect([&] { made.push_back({name, make_layer(item, init, place)}); });
  }
  faults.raise_all();
  return made;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
