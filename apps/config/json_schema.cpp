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
    return (needs(*child) && child->key->only.key.empty()) || !child->key->exactly_one.empty();
  });
}

/// "If the deciding key has one of the values that give this key an effect, it must be there."
Json requirement_schema(const Key& key, const std::string& name) {
  Json test{{"properties", {{key.only.key, {{"enum", key.only.values}}}}}, {"required", Json::array({key.only.key})}};
  return {{"if", std::move(test)}, {"then", {{"required", Json::array({name})}}}};
}

/// "If the deciding key has a value under which no key of this name has an effect, it must not be there."
Json condition_schema(const Branch& object, const Key& key, const std::string& name) {
  const Key& decides = *object.find(key.only.key)->key;
  const auto has_effect = [&](const std::string& choice) {
    return std::any_of(object.children.begin(), object.children.end(), [&](const auto& child) {
      const auto& wanted = child->key->only.values;
      return child->name == name && std::find(wanted.begin(), wanted.end(), choice) != wanted.end();
    });
  };
  Json others = Json::array();
  for (const auto& [choice, value] : decides.type.choices) {
    if (!has_effect(choice)) others.push_back(choice);
  }
  Json test{{"properties", {{key.only.key, {{"enum", others}}}}}};
  const bool holds_by_default =
      decides.fallback.kind == Default::Kind::kValue &&
      std::find(others.begin(), others.end(), Json::parse(decides.fallback.json)) != others.end();
  if (!holds_by_default) test["required"] = Json::array({key.only.key});
  return {{"if", std::move(test)}, {"then", {{"not", {{"required", Json::array({name})}}}}}};
}

/// "If the deciding key has one of the values under which this key means this, it has this form."
Json meaning_schema(const Branch& branch) {
  const auto& only = branch.key->only;
  return {{"if", {{"properties", {{only.key, {{"enum", only.values}}}}}}},
          {"then", {{"properties", {{branch.name, key_schema(branch)}}}}}};
}

Json object_schema(const Branch& object) {
  Json properties = Json::object();
  Json required = Json::array();
  Json conditions = Json::array();
  Json alternatives = Json::array();
  for (const auto& child : object.children) {
    const auto has_name = [&](const auto& other) { return other->name == child->name; };
    const bool shares_name = std::count_if(object.children.begin(), object.children.end(), has_name) > 1;
    properties[child->name] = shares_name ? Json(true) : key_schema(*child);
    if (shares_name) conditions.push_back(meaning_schema(*child));
    const bool conditional = !child->key->only.key.empty();
    if (needs(*child) && conditional) conditions.push_back(requirement_schema(*child->key, child->name));
    if (needs(*child) && !conditional) required.push_back(child->name);
    if (!child->key->exactly_one.empty()) alternatives.push_back({{"required", Json::array({child->name})}});
    for (const schema::Need& need : child->key->needs) {
      if (need.key.empty()) continue;
      conditions.push_back({{"not", {{"required", Json::array({need.key, child->name})}}}});
    }
    if (conditional) {
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
