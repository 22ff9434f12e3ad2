// Which keys have an effect, as far as the values that were given tell; and what counts as a value of a type.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/config/validate.h"

namespace headlight::config::schema {

namespace {

using Kind = Type::Kind;

bool is_whole(double value) { return value == std::trunc(value); }

}  // namespace

bool matches(const Node& node, const Type& type) {
  switch (type.kind) {
    case Kind::kInteger:
    case Kind::kNumber: {
      const auto value = node.number();
      return value && type.range.contains(*value) && (type.kind == Kind::kNumber || is_whole(*value));
    }
    case Kind::kBoolean:
      return node.kind == Node::Kind::kBoolean;
    case Kind::kText:
      return node.text() != nullptr && satisfies(type.rule, *node.text());
    case Kind::kChoice:
      return node.text() != nullptr &&
             std::any_of(type.choices.begin(), type.choices.end(),
                         [&node](const auto& choice) { return choice.first == *node.text(); });
    case Kind::kTextMap:
      return node.kind == Node::Kind::kObject;
    case Kind::kLayers:
      return node.kind == Node::Kind::kList;
    case Kind::kList:
      return node.kind == Node::Kind::kList && node.children.size() >= type.least && node.children.size() <= type.most;
    case Kind::kObject:
      return node.kind == Node::Kind::kObject;
    case Kind::kEither:
      return std::any_of(type.parts.begin(), type.parts.end(),
                         [&node](const Type& part) { return matches(node, part); });
  }
  return false;
}

bool Report::is_lost(std::string_view path) const {
  return std::any_of(broken.begin(), broken.end(), [path](const std::string& mistake) {
    return mistake == path || (path.starts_with(mistake) && path[mistake.size()] == '.');
  });
}

bool Report::is_broken(std::string_view path) const {
  return is_lost(path) || std::any_of(broken.begin(), broken.end(), [path](const std::string& mistake) {
           return mistake.starts_with(path) && mistake[path.size()] == '.';
         });
}

Selection select(const std::vector<Node>& roots) {
  Selection selection;
  for (const Key& key : table()) {
    if (key.type.kind != Kind::kChoice) continue;
    const auto take_default = [&] {
      selection.erase(key.path);
      if (key.fallback.kind != Default::Kind::kValue) return;
      selection[key.path] = key.fallback.json.substr(1, key.fallback.json.size() - 2);
    };
    take_default();
    for (const Node& root : roots) {
      const Node* node = &root;
      for (std::size_t begin = 0; node != nullptr && !node->removes && begin <= key.path.size();) {
        const std::size_t end = std::min(key.path.find('.', begin), key.path.size());
        node = node->find(std::string_view(key.path).substr(begin, end - begin));
        begin = end + 1;
      }
      if (node == nullptr) continue;
      take_default();
      if (node->removes) continue;
      selection.erase(key.path);
      if (matches(*node, key.type)) selection[key.path] = *node->text();
    }
  }
  return selection;
}

bool is_ruled_out(const Key& key, const Selection& selection) {
  if (key.only.key.empty()) return false;
  const std::string section = key.path.substr(0, key.path.rfind('.') + 1);
  const auto value = selection.find(section + key.only.key);
  if (value == selection.end()) return false;
  return std::find(key.only.values.begin(), key.only.values.end(), value->second) == key.only.values.end();
}

const Branch* choose(const Branch& object, std::string_view name, const Selection& selection) {
  const Branch* first = nullptr;
  for (const auto& child : object.children) {
    if (child->name != name) continue;
    if (!is_ruled_out(*child->key, selection)) return child.get();
    if (first == nullptr) first = child.get();
  }
  return first;
}

Problem no_effect(const Key& key, const std::string& value, const Place& place) {
  const std::string section = key.path.substr(0, key.path.rfind('.') + 1);
  std::vector<std::string> values;
  for (const std::string& wanted : key.only.values) values.push_back(in_quotes(wanted));
  return {.what =
              fmt::format("`{}` has no effect while `{}{}` is {}", key.path, section, key.only.key, in_quotes(value)),
          .place = place,
          .help = fmt::format("remove it; it belongs to {}", fmt::join(values, ", "))};
}

}  // namespace headlight::config::schema
