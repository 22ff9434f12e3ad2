#pragma once

#include <cstddef>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "layers/init.h"
#include "layers/layer.h"
#include "layers/layer_error.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The numbers from `from` to `to`, or to below `below`.
struct NumberRange {
  double from = -std::numeric_limits<double>::max();
  double to = std::numeric_limits<double>::max();
  double below = std::numeric_limits<double>::infinity();
};

/// A layer of a list and its name there: its key "name", or else its place, "0", "1", ...
struct NamedLayer {
  std::string name;
  std::unique_ptr<Layer> layer;
};

/// The JSON object that describes one layer, read strictly: each getter says where and what fits when the value is
/// missing, of the wrong kind or out of range, and a key that nobody asked for is an error. All of them throw
/// LayerError.
class LayerConfig {
 public:
  /// `json` must be an object with a string `type` and outlive this; `path` is its place in the JSON around it.
  explicit LayerConfig(const nlohmann::json& json, std::string path = {});
  /// The same for an object that is no layer of a list and has no `type`: `what` names it in messages.
  LayerConfig(const nlohmann::json& json, std::string path, std::string what);

  const std::string& type() const { return type_; }
  /// Where this layer stands in the whole JSON: "model.blocks.2.body"; "" for JSON that is nothing but this layer.
  const std::string& path() const { return path_; }

  bool has(const char* key) const { return find(key) != nullptr; }
  /// A whole number from 1 to 2^31; the second form gives `fallback` where the key is absent.
  std::size_t size(const char* key) const;
  std::size_t size(const char* key, std::size_t fallback) const;
  /// A whole number from 0 to 2^31.
  std::size_t count(const char* key, std::size_t fallback) const;
  /// A finite number of the range.
  double number(const char* key, const NumberRange& range = {}) const;
  double number(const char* key, double fallback, const NumberRange& range = {}) const;
  /// A number from 0 to below 1, like the probability of a dropout.
  double share(const char* key) const;
  double share(const char* key, double fallback) const;
  bool flag(const char* key, bool fallback) const;
  std::string text(const char* key, const std::string& fallback) const;
  /// One of the names; each stands for a value.
  template <class Value>
  Value choice(const char* key, Value fallback, std::initializer_list<std::pair<const char*, Value>> choices) const {
    std::vector<std::string> names;
    for (const auto& entry : choices) names.emplace_back(entry.first);
    const std::optional<std::size_t> chosen = chosen_name(key, names);
    return chosen ? (choices.begin() + *chosen)->second : fallback;
  }
  /// An object with a `type`: {"type": "gaussian", ...}, or the type alone as a string; the type `fallback` where the
  /// key is absent. Its path is path_of(key).
  nlohmann::json typed(const char* key, const std::string& fallback) const;
  /// Where the value of a key stands in the whole JSON.
  std::string path_of(const char* key) const;
  /// What `parse` makes of a string; a ConfigError that it throws is told at this key.
  template <class Parse>
  auto parsed(const char* key, const std::string& fallback, Parse parse) const {
    const std::string written = text(key, fallback);
    try {
      return parse(written);
    } catch (const ConfigError& error) {
      raise_fault(key, error.what(), {});
    }
  }
  /// An object under this key that belongs to this one; nothing where the key is absent.
  std::optional<LayerConfig> section(const char* key) const;
  /// A layer under this key: {"type": ..., ...}.
  std::unique_ptr<Layer> layer(const char* key, Init& init) const;
  /// A list of layers with different names. The faults of all of them come together.
  std::vector<NamedLayer> layers(const char* key, Init& init) const;

  /// For a key that other keys make useless. Throws when it is there: "`width` has no meaning with norm none", for
  /// `with` = "norm none".
  void refuse_meaningless(const char* key, std::string_view with) const;

  /// Throws the LayerError of a value that its getter accepted: `wanted` is what it must be.
  [[noreturn]] void refuse(const char* key, std::string_view wanted) const;

  /// Throws naming every key that no getter has read, each with the nearest known one.
  void refuse_unread() const;

 private:
  const nlohmann::json* find(const char* key) const;
  const nlohmann::json& require(const char* key) const;
  std::optional<std::size_t> chosen_name(const char* key, const std::vector<std::string>& names) const;
  [[noreturn]] void raise_fault(const std::string& key, std::string what, std::string help,
                                LayerError::Fault::At at = LayerError::Fault::At::value) const;
  std::vector<std::string> known_keys() const;

  const nlohmann::json& json_;
  std::string path_;
  std::string type_{};
  std::string owner_{};  ///< who has these keys, for messages
  mutable std::set<std::string> read_{};
};

/// Builds the layers of a JSON list, each with its name; `path` is the list's place. Throws the LayerError of all
/// faults at once.
std::vector<NamedLayer> make_layers(const nlohmann::json& list, Init& init, const std::string& path);

}  // namespace headlight::inline HEADLIGHT_PRECISION
