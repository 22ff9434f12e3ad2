#include "apps/check/layer_defaults.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <regex>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace headlight {
namespace {

using Json = nlohmann::json;

struct Defaults {
  std::string_view type;
  std::string_view keys;  ///< JSON
  std::optional<Reach> reach;
  std::optional<bool> equivariant;
};

/// One line for each type of ours. A type without one is measured, and must be given its keys.
const std::array<Defaults, 10>& defaults() {
  static const std::array<Defaults, 10> kAll{{
      {"activation", "{}", Reach::position, true},
      {"dense", R"({"in": 8, "out": 6})", Reach::position, true},
      {"dropout", R"({"p": 0.1})", Reach::position, true},
      {"feed_forward", R"({"d_model": 8, "d_ff": 16})", Reach::position, true},
      {"layer_norm", R"({"width": 8})", Reach::position, true},
      {"learned_positions", R"({"max_len": 16, "width": 8})", Reach::position, false},
      {"sinusoidal_positions", R"({"max_len": 16, "width": 8})", Reach::position, false},
      {"multi_head_attention", R"({"d_model": 8, "heads": 2})", std::nullopt, true},
      {"residual", R"({"width": 8, "body": {"type": "dense", "in": 8, "out": 8}})", std::nullopt, std::nullopt},
      {"sequential",
       R"({"layers": [{"type": "dense", "in": 8, "out": 16}, {"type": "activation", "kind": "gelu"},
                      {"type": "dense", "in": 16, "out": 8}]})",
       std::nullopt, std::nullopt},
  }};
  return kAll;
}

const Defaults* find_defaults(const std::string& type) {
  for (const Defaults& each : defaults()) {
    if (each.type == type) return &each;
  }
  return nullptr;
}

std::string type_of(const Json& layer) {
  return layer.is_object() && layer.contains("type") && layer["type"].is_string() ? layer["type"].get<std::string>()
                                                                                  : "";
}

/// "--layer gated_residual dim=8"
std::string arguments_of(const Json& layer) {
  std::string text = "--layer " + type_of(layer);
  for (const auto& item : layer.items()) {
    if (item.key() == "type") continue;
    const std::string value = item.value().is_string() ? item.value().get<std::string>() : item.value().dump();
    const char* const quote = item.value().is_structured() ? "'" : "";
    text += fmt::format(" {}={}{}{}", item.key(), quote, value, quote);
  }
  return text;
}

/// A command with a size for each key that is missing; a general one when the messages do not name them all.
std::string example_for(Json layer, const LayerTrial& trial) {
  static const std::regex kMissing("`([^`]+)`[^`;]*missing");
  constexpr int kMostKeys = 16;
  for (int i = 0; i < kMostKeys; ++i) {
    const std::string why = trial(layer);
    if (why.empty()) return "for example: headlight check " + arguments_of(layer);
    std::smatch match;
    if (!std::regex_search(why, match, kMissing) || layer.contains(match[1].str())) break;
    layer[match[1].str()] = 8;
  }
  return fmt::format("give its keys as key=value: headlight check --layer {} dim=8", type_of(layer));
}

}  // namespace

Json default_keys(const std::string& type) {
  const Defaults* const found = find_defaults(type);
  return found == nullptr ? Json::object() : Json::parse(found->keys);
}

Promises default_promises(const Json& layer) {
  const Defaults* const found = find_defaults(type_of(layer));
  return found == nullptr ? Promises{} : Promises{.reach = found->reach, .equivariant = found->equivariant};
}

Json completed_layer(const Json& layer, const LayerTrial& trial) {
  const std::string why = trial(layer);
  if (why.empty()) return layer;
  const Json keys = default_keys(type_of(layer));
  Json merged = keys;
  merged.update(layer);
  const std::string why_merged = trial(merged);
  if (why_merged.empty()) return merged;
  // A default key may be one that the given keys make meaningless.
  for (const auto& item : keys.items()) {
    if (layer.contains(item.key())) continue;
    Json without = merged;
    without.erase(item.key());
    if (trial(without).empty()) return without;
  }
  if (!keys.empty() || why.find("missing") == std::string::npos) throw ConfigError(keys.empty() ? why : why_merged);
  throw ConfigError(why + "; " + example_for(layer, trial));
}

}  // namespace headlight
