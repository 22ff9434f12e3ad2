#include "apps/check/layer_defaults.h"

#include <fmt/format.h>

#include <optional>
#include <regex>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace headlight {
namespace {

using Json = nlohmann::json;

struct Defaults {
  std::string_view type;
  std::string_view keys;  ///< JSON
  ObeyedMasks obeys = {};
  std::optional<Reach> reach = {};
  std::optional<bool> equivariant = {};
};

/// One line for each type of ours. A type without one is measured, and must be given its keys.
const std::vector<Defaults>& defaults() {
  constexpr ObeyedMasks kLookingBack{.window = false, .allow = false};
  constexpr ObeyedMasks kLengths{.causal = false, .window = false, .allow = false};
  static const std::vector<Defaults> kAll{
      {.type = "activation", .keys = "{}", .reach = Reach::position, .equivariant = true},
      {.type = "batch_norm", .keys = R"({"width": 8})", .reach = Reach::position},
      {.type = "block", .keys = R"({"width": 8, "steps": [
            {"name": "attention", "type": "multi_head_attention", "d_model": 8, "heads": 2},
            {"name": "feed_forward", "type": "feed_forward", "d_model": 8, "d_ff": 16}]})"},
      {.type = "conv1d",
       .keys = R"({"in": 8, "out": 6})",
       .obeys = kLookingBack,
       .reach = Reach::mask,
       .equivariant = false},
      {.type = "dense", .keys = R"({"in": 8, "out": 6})", .reach = Reach::position, .equivariant = true},
      {.type = "dropout", .keys = R"({"p": 0.1})", .reach = Reach::position, .equivariant = true},
      {.type = "feed_forward", .keys = R"({"d_model": 8, "d_ff": 16})", .reach = Reach::position, .equivariant = true},
      {.type = "layer_norm", .keys = R"({"width": 8})", .reach = Reach::position, .equivariant = true},
      {.type = "learned_positions",
       .keys = R"({"max_len": 16, "width": 8})",
       .reach = Reach::position,
       .equivariant = false},
      {.type = "linear_head", .keys = R"({"width": 8, "outputs": 6})"},
      {.type = "mlp_head", .keys = R"({"width": 8, "outputs": 6})"},
      {.type = "multi_head_attention", .keys = R"({"d_model": 8, "heads": 2})"},
      {.type = "pointer_head", .keys = R"({"width": 8})", .obeys = kLengths, .reach = Reach::mask},
      {.type = "residual", .keys = R"({"width": 8, "body": {"type": "dense", "in": 8, "out": 8}})"},
      {.type = "rms_norm", .keys = R"({"width": 8})", .reach = Reach::position, .equivariant = true},
      {.type = "sequential", .keys = R"({"layers": [{"type": "dense", "in": 8, "out": 16},
            {"type": "activation", "kind": "gelu"}, {"type": "dense", "in": 16, "out": 8}]})"},
      {.type = "sinusoidal_positions",
       .keys = R"({"max_len": 16, "width": 8})",
       .reach = Reach::position,
       .equivariant = false},
  };
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

/// Takes from the promises what a layer anywhere in this one does not keep.
void limit(const Json& layer, Promises& promises) {
  if (layer.is_array()) {
    for (const Json& item : layer) limit(item, promises);
  }
  if (!layer.is_object()) return;
  if (const Defaults* const found = find_defaults(type_of(layer)); found != nullptr) {
    promises.obeys.causal = promises.obeys.causal && found->obeys.causal;
    promises.obeys.padding = promises.obeys.padding && found->obeys.padding;
    promises.obeys.window = promises.obeys.window && found->obeys.window;
    promises.obeys.allow = promises.obeys.allow && found->obeys.allow;
  }
  const bool batch_norm = type_of(layer) == "batch_norm" || layer.value("norm_type", Json()) == Json("batch");
  if (batch_norm) {
    promises.batch_statistics = true;
    // Statistics over time refuse to look where a causal mask hides.
    const bool over_time =
        layer.value("per_position", Json()) != true && layer.value("norm_per_position", Json()) != true;
    if (over_time) promises.obeys.causal = promises.obeys.window = false;
  }
  // Values that are mixed along time before they are weighted come from beside the keys that a mask shows.
  if (layer.value("value", Json()) == Json("conv1d")) promises.obeys.window = promises.obeys.allow = false;
  for (const auto& item : layer.items()) limit(item.value(), promises);
}

/// An attention whose keys are alike whatever their distance.
bool ignores_order(const Json& attention) {
  return attention.value("positions", Json("none")) == Json("none") && !attention.contains("window") &&
         attention.value("value", Json()) != Json("conv1d");
}

/// A command with a size for each key that is missing; a general one when the messages do not name them all.
std::string example_for(Json layer, const LayerTrial& trial) {
  static const std::regex kMissing("missing key `([^`]+)`");
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
  Promises promises;
  limit(layer, promises);
  const Defaults* const found = find_defaults(type_of(layer));
  if (found == nullptr) return promises;
  promises.reach = found->reach;
  promises.equivariant = found->equivariant;
  if (found->type == "multi_head_attention") promises.equivariant = ignores_order(layer);
  return promises;
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
