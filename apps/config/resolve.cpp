#include "apps/config/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <nlohmann/json.hpp>

#include "apps/config/checks.h"
#include "apps/config/field.h"
#include "apps/config/suggest.h"
#include "core/io/system_error.h"

namespace headlight::config::schema {

namespace {

Json value_of(const Node& node, const Type& type);

Json items_of(const Node& node, const Type& type) {
  Json items = Json::array();
  for (const Node& item : node.children) items.push_back(value_of(item, type));
  return items;
}

Json members_of(const Node& node) {
  Json members = Json::object();
  for (const Node& child : node.children) {
    members[child.name] = child.text() != nullptr ? Json(*child.text()) : Json(child.number().value_or(0));
  }
  return members;
}

/// JSON as it stands, for the layers that read it themselves.
Json free_value(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      break;
    case Node::Kind::kBoolean:
      return std::get<bool>(node.scalar);
    case Node::Kind::kNumber:
      if (const auto* whole = std::get_if<std::int64_t>(&node.scalar)) {
        return *whole < 0 ? Json(*whole) : Json(static_cast<std::uint64_t>(*whole));
      }
      return std::get<double>(node.scalar);
    case Node::Kind::kText:
      return *node.text();
    case Node::Kind::kList: {
      Json items = Json::array();
      for (const Node& item : node.children) items.push_back(free_value(item));
      return items;
    }
    case Node::Kind::kObject: {
      Json members = Json::object();
      for (const Node& member : node.children) members[member.name] = free_value(member);
      return members;
    }
  }
  return nullptr;
}

/// The JSON of a checked value: a number takes the type of the key, a path becomes absolute.
Json value_of(const Node& node, const Type& type) {
  if (type.kind == Type::Kind::kLayers) return free_value(node);
  switch (node.kind) {
    case Node::Kind::kBoolean:
      return std::get<bool>(node.scalar);
    case Node::Kind::kNumber: {
      const double value = *node.number();
      if (type.as(Type::Kind::kInteger) == nullptr) return value;
      return value < 0 ? Json(static_cast<std::int64_t>(value)) : Json(static_cast<std::uint64_t>(value));
    }
    case Node::Kind::kText:
      if (type.kind == Type::Kind::kText && type.rule == TextRule::kPath) {
        const std::filesystem::path path = node.value.source->directory / std::get<std::string>(node.scalar);
        std::error_code fault;
        const std::filesystem::path absolute = std::filesystem::absolute(path, fault);
        if (fault) raise_system_error(path, "find the current directory for", fault.value());
        return absolute.lexically_normal().string();
      }
      return std::get<std::string>(node.scalar);
    case Node::Kind::kList:
      return items_of(node, type.as(Type::Kind::kList)->parts.front());
    case Node::Kind::kObject:
      return members_of(node);
    case Node::Kind::kNull:
      break;
  }
  return nullptr;
}

class Resolver {
 public:
  Resolver(const Node& given, const std::optional<DataSizes>& sizes, Report& report)
      : given_(given), sizes_(sizes), report_(report) {}

  Config run() {
    for (const Key& key : table()) {
      if (!key.field.set || report_.is_broken(key.path)) continue;
      if (const Node* node = find_node(given_, key.path)) {
        key.field.set(config_, value_of(*node, key.type), key.type);
      } else if (key.fallback.kind == Default::Kind::kValue) {
        key.field.set(config_, Json::parse(key.fallback.json), key.type);
      }
    }
    require(tree(), &given_);
    fill_ruled_out();
    derive();
    check_needs();
    fill_ruled_out();
    check_effects();
    check_together(config_, given_, report_);
    return config_;
  }

 private:
  void require(const Branch& object, const Node* node) {
    std::vector<const Branch*> alternatives;
    for (const auto& child : object.children) {
      const Key& key = *child->key;
      const Node* given = node == nullptr ? nullptr : node->find(child->name);
      if (!key.exactly_one.empty()) alternatives.push_back(child.get());
      if (report_.is_lost(key.path) || !is_active(key, config_)) continue;
      if (key.fallback.kind == Default::Kind::kRequired && given == nullptr) missing(object, *child);
      const bool off = key.fallback.kind == Default::Kind::kAbsent && given == nullptr;
      if (!child->is_list() && !off) require(*child, given);
    }
    require_one(object, node, alternatives);
  }

  void missing(const Branch& object, const Branch& child) {
    report_.add(child.path(), {.what = fmt::format("missing key `{}` in {}", child.name, owner(object)),
                               .place = around(object),
                               .help = what_to_give(*child.key)});
  }

  void require_one(const Branch& object, const Node* node, const std::vector<const Branch*>& alternatives) {
    if (alternatives.empty()) return;
    std::vector<std::string> names;
    for (const Branch* branch : alternatives) {
      if (report_.is_broken(branch->path()) || (node != nullptr && node->find(branch->name) != nullptr)) return;
      names.push_back(fmt::format("`{}`", branch->name));
    }
    const Key& first = *alternatives.front()->key;
    report_.add(first.path, {.what = fmt::format("missing key in {}: the {}", owner(object), first.exactly_one),
                             .place = around(object),
                             .help = fmt::format("give {}", fmt::join(names, " or "))});
  }

  /// The key of an object, for problems of what it lacks.
  Place around(const Branch& object) const {
    const Node* node = find_node(given_, object.path());
    return node != nullptr && node != &given_ ? node->key : place_of(given_, object.path());
  }

  /// Keys that others make useless. What they need may be a derived value, so this comes after derive().
  void check_needs() {
    for (const Key& key : table()) {
      const Need* need = unmet_need(key, config_);
      if (need == nullptr || report_.is_broken(key.path)) continue;
      const Node* node = find_node(given_, key.path);
      if (node == nullptr || node->spread) continue;
      report_.add(key.path, {.what = fmt::format("`{}` has no effect while {}", key.path, need->otherwise),
                             .place = node->key,
                             .help = need->help});
    }
    ready_ = true;
  }

  /// Members without effect go back to zero, so that equal configs are equal in every byte. Before derive() only
  /// choices can tell.
  void fill_ruled_out() {
    const Config zero;
    for (const Key& key : table()) {
      if (!key.field.set || (!ready_ && !key.needs.empty())) continue;
      const bool has_value =
          key.fallback.kind == Default::Kind::kValue || (ready_ && key.fallback.kind == Default::Kind::kDerived);
      if (!has_value || is_active(key, config_)) continue;
      Json value;
      key.field.get(zero, key.type, value);
      key.field.set(config_, value, key.type);
    }
    if (sizes_) set_sizes(config_, *sizes_);
  }

  void derive() {
    for (const Key& key : table()) {
      if (key.fallback.kind != Default::Kind::kDerived || find_node(given_, key.path) != nullptr) continue;
      if (report_.is_broken(key.path) || !is_active(key, config_)) continue;
      const Json value = key.fallback.derive(config_);
      if (!value.is_null()) key.field.set(config_, value, key.type);
    }
  }

  /// Whether any row of the path has an effect: under other conditions a key may mean something else.
  bool has_effect(const std::string& path) const {
    return std::any_of(table().begin(), table().end(),
                       [&](const Key& key) { return key.path == path && is_active(key, config_); });
  }

  /// Keys whose condition hangs on a derived value could not be judged before.
  void check_effects() {
    for (const Key& key : table()) {
      const Node* node = find_node(given_, key.path);
      if (node == nullptr || key.only.key.empty() || unmet_need(key, config_) != nullptr) continue;
      const std::string section = key.path.substr(0, key.path.rfind('.') + 1);
      const Branch& decides = *find_branch(section + key.only.key);
      if (report_.is_broken(key.path) || report_.is_broken(decides.path()) || has_effect(key.path)) continue;
      report_.add(key.path, no_effect(key, selected(*decides.key, config_), node->key));
    }
  }

  const Node& given_;
  const std::optional<DataSizes>& sizes_;
  Report& report_;
  Config config_;
  bool ready_ = false;  ///< every value of config_ is there
};

void put(Json& root, std::string_view path, Json value) {
  Json* object = &root;
  while (true) {
    const std::size_t dot = path.find('.');
    Json& member = (*object)[std::string(path.substr(0, dot))];
    if (dot == std::string_view::npos) {
      member = std::move(value);
      return;
    }
    object = &member;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace

Config resolve(const Node& given, const std::optional<DataSizes>& sizes, Report& report) {
  return Resolver(given, sizes, report).run();
}

}  // namespace headlight::config::schema

namespace headlight::config {

nlohmann::ordered_json to_json(const Config& config) {
  auto json = nlohmann::ordered_json::object();
  for (const schema::Key& key : schema::table()) {
    if (!key.field.get || !schema::is_active(key, config)) continue;
    nlohmann::ordered_json value;
    key.field.get(config, key.type, value);
    if (!value.is_null()) schema::put(json, key.path, std::move(value));
  }
  return json;
}

}  // namespace headlight::config
