#include "apps/config/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "apps/config/field.h"

namespace headlight::config {

namespace {

using schema::Branch;
using schema::Default;
using schema::Json;
using schema::Key;
using schema::Type;

Json object_schema(const Branch& object);

void put_range(Json& json, const Type& type) {
  const auto put = [&](const char* name, double bound) {
    if (!std::isfinite(bound)) return;
    const bool whole = type.kind == Type::Kind::kInteger;
    json[name] = whole ? Json(static_cast<std::int64_t>(bound)) : Json(bound);
  };
  put("minimum", type.range.from);
  put("exclusiveMinimum", type.range.above);
  put("maximum", type.range.to);
  put("exclusiveMaximum", type.range.below);
}

Json type_schema(const Type& type, const Branch& branch) {
  switch (type.kind) {
    case Type::Kind::kInteger:
    case Type::Kind::kNumber: {
      Json json{{"type", type.kind == Type::Kind::kInteger ? "integer" : "number"}};
      put_range(json, type);
      return json;
    }
    case Type::Kind::kBoolean:
      return {{"type", "boolean"}};
    case Type::Kind::kText:
      if (type.rule != schema::TextRule::kFileName) return {{"type", "string"}, {"minLength", 1}};
      return {{"type", "string"},
              {"minLength", 1},
              {"maxLength", 100},
              {"pattern", "^[^/]*$"},
              {"not", {{"enum", {".", ".."}}}}};
    case Type::Kind::kChoice: {
      Json names = Json::array();
      for (const auto& [name, value] : type.choices) names.push_back(name);
      return {{"enum", std::move(names)}};
    }
    case Type::Kind::kList:
      return {{"type", "array"},
              {"items", type_schema(type.parts.front(), branch)},
              {"minItems", type.least},
              {"maxItems", type.most}};
    case Type::Kind::kObject:
      return object_schema(branch);
    case Type::Kind::kTextMap:
      return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
    case Type::Kind::kLayers:
      return {{"type", "array"}, {"items", {{"type", "object"}, {"required", Json::array({"type"})}}}};
    case Type::Kind::kEither:
      return {{"anyOf", Json::array({type_schema(type.parts[0], branch), type_schema(type.parts[1], branch)})}};
  }
  return nullptr;
}

Json key_schema(const Branch& branch) {
  const Key& key = *branch.key;
  Json json{{"description", key.doc}};
  if (key.fallback.kind == Default::Kind::kValue) json["default"] = Json::parse(key.fallback.json);
  json.update(type_schema(key.type, branch));
  return json;
}

bool is_off_unless_given(const Branch& branch) { return branch.key->fallback.kind == Default::Kind::kAbsent; }

/// Whether the object must be there: something in it has no default.
bool needs(const Branch& branch) {
  if (branch.key->fallback.kind == Default::Kind::kRequired) return true;
  if (is_off_unless_given(branch)) return false;
  return !branch.is_list() && std::any_of(branch.children.begin(), branch.children.end(), [](const auto& child) {
    return needs(*child) || !child->key->exactly_one.empty();
  });
}

/// "If the deciding key has another value, this key must not be there."
Json condition_schema(const Branch& object, const Key& key, const std::string& name) {
  const Key& decides = *object.find(key.only.key)->key;
  Json others = Json::array();
  for (const auto& [choice, value] : decides.type.choices) {
    const auto& wanted = key.only.values;
    if (std::find(wanted.begin(), wanted.end(), choice) == wanted.end()) others.push_back(choice);
  }
  Json test{{"properties", {{key.only.key, {{"enum", others}}}}}};
  const bool holds_by_default =
      decides.fallback.kind == Default::Kind::kValue &&
      std::find(others.begin(), others.end(), Json::parse(decides.fallback.json)) != others.end();
  if (!holds_by_default) test["required"] = Json::array({key.only.key});
  return {{"if", std::move(test)}, {"then", {{"not", {{"required", Json::array({name})}}}}}};
}

Json object_schema(const Branch& object) {
  Json properties = Json::object();
  Json required = Json::array();
  Json conditions = Json::array();
  Json alternatives = Json::array();
  for (const auto& child : object.children) {
    properties[child->name] = key_schema(*child);
    if (needs(*child)) required.push_back(child->name);
    if (!child->key->exactly_one.empty()) alternatives.push_back({{"required", Json::array({child->name})}});
    for (const schema::Need& need : child->key->needs) {
      if (need.key.empty()) continue;
      conditions.push_back({{"not", {{"required", Json::array({need.key, child->name})}}}});
    }
    if (!child->key->only.key.empty()) {
      Json condition = condition_schema(object, *child->key, child->name);
      const bool always = condition["if"]["properties"].front()["enum"].empty();
      if (!always) conditions.push_back(std::move(condition));
    }
  }
  Json json{{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) json["required"] = std::move(required);
  if (!alternatives.empty()) json["oneOf"] = std::move(alternatives);
  if (!conditions.empty()) json["allOf"] = std::move(conditions);
  return json;
}

std::string default_text(const Default& fallback) {
  switch (fallback.kind) {
    case Default::Kind::kParts:
      return {};
    case Default::Kind::kAbsent:
      return fmt::format("left out: {}", fallback.note);
    case Default::Kind::kRequired:
      return "required";
    case Default::Kind::kValue:
      return fmt::format("default {}", fallback.json);
    case Default::Kind::kDerived:
      return fmt::format("default: {}", fallback.note);
  }
  return {};
}

}  // namespace

nlohmann::ordered_json config_schema() {
  Json json{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "Headlight config"}};
  json.update(object_schema(schema::tree()));
  return json;
}

std::string config_reference() {
  std::string text;
  for (const Key& key : schema::table()) {
    const bool section = key.path.find('.') == std::string::npos && key.type.kind == Type::Kind::kObject;
    if (section) {
      text += fmt::format("\n{}: {}\n", key.path, key.doc);
      continue;
    }
    std::vector<std::string> facts{schema::describe(key.type)};
    if (std::string fallback = default_text(key.fallback); !fallback.empty()) facts.push_back(std::move(fallback));
    if (!key.only.key.empty())
      facts.push_back(fmt::format("with {} {}", key.only.key, fmt::join(key.only.values, ", ")));
    text += fmt::format("  {:<32} {}\n  {:<32}   {}\n", key.path, key.doc, "", fmt::join(facts, "; "));
  }
  return text;
}

}  // namespace headlight::config
