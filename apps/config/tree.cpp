#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema.h"

namespace headlight::config::schema {

namespace {

/// The branches of a path: "optimizer.groups[].lr" has "optimizer", "groups" and "lr".
std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> steps(1);
  for (const char c : path) {
    if (c == '.') {
      steps.emplace_back();
    } else if (c != '[' && c != ']') {
      steps.back() += c;
    }
  }
  return steps;
}

std::unique_ptr<Branch> grow() {
  auto root = std::make_unique<Branch>();
  for (const Key& key : table()) {
    std::vector<std::string> steps = steps_of(key.path);
    const std::string name = std::move(steps.back());
    steps.pop_back();
    Branch* parent = root.get();
    for (const std::string& step : steps) {
      parent = std::find_if(parent->children.begin(), parent->children.end(), [&step](const auto& child) {
                 return child->name == step;
               })->get();
    }
    auto branch = std::make_unique<Branch>();
    branch->name = name;
    branch->key = &key;
    branch->parent = parent;
    parent->children.push_back(std::move(branch));
  }
  return root;
}

}  // namespace

const Branch* Branch::find(std::string_view child) const {
  const auto found =
      std::find_if(children.begin(), children.end(), [child](const auto& branch) { return branch->name == child; });
  return found == children.end() ? nullptr : found->get();
}

const Branch& tree() {
  static const std::unique_ptr<Branch> root = grow();
  return *root;
}

const Branch* find_branch(std::string_view path) {
  const Branch* branch = &tree();
  for (const std::string& step : steps_of(path)) {
    branch = branch->find(step);
    if (branch == nullptr) return nullptr;
  }
  return branch;
}

const Key* find_alias(std::string_view alias) {
  const auto found = std::find_if(table().begin(), table().end(),
                                  [alias](const Key& key) { return !alias.empty() && key.alias == alias; });
  return found == table().end() ? nullptr : &*found;
}

std::string owner(const Branch& branch) {
  return branch.key == nullptr ? std::string("the config") : fmt::format("`{}`", branch.path());
}

std::string selected(const Key& key, const Config& config) {
  Json value;
  key.field.get(config, key.type, value);
  return value.get<std::string>();
}

const Need* unmet_need(const Key& key, const Config& config) {
  const auto unmet =
      std::find_if(key.needs.begin(), key.needs.end(), [&config](const Need& need) { return !need.holds(config); });
  return unmet == key.needs.end() ? nullptr : &*unmet;
}

namespace {

/// Whether the key itself, wherever it stands, has an effect.
bool is_active_alone(const Key& key, const Config& config) {
  if (unmet_need(key, config) != nullptr) return false;
  if (key.only.key.empty()) return true;
  const std::string section = key.path.substr(0, key.path.rfind('.') + 1);
  const std::string value = selected(*find_branch(section + key.only.key)->key, config);
  return std::find(key.only.values.begin(), key.only.values.end(), value) != key.only.values.end();
}

}  // namespace

bool is_active(const Key& key, const Config& config) {
  if (!is_active_alone(key, config)) return false;
  for (std::size_t dot = key.path.rfind('.'); dot != std::string::npos && dot > 0; dot = key.path.rfind('.', dot - 1)) {
    const std::string_view around = std::string_view(key.path).substr(0, dot);
    bool found = false;
    bool active = false;
    for (const Key& other : table()) {
      if (other.path != around) continue;
      found = true;
      active = active || is_active_alone(other, config);
    }
    if (found && !active) return false;
  }
  return true;
}

}  // namespace headlight::config::schema
