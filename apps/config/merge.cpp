#include "apps/config/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "apps/config/field.h"

namespace headlight::config::schema {

namespace {

/// The default list of a key. One that follows other keys follows that of its condition, among those given so far.
Json default_items(const Key& key, const Node& object, const Branch& branch) {
  if (key.fallback.kind == Default::Kind::kValue) return Json::parse(key.fallback.json);
  if (key.fallback.kind != Default::Kind::kDerived) return Json::array();
  Config config;
  if (const Branch* decides = branch.find(key.only.key)) {
    const Node* given = object.find(decides->name);
    const bool usable = given != nullptr && given->text() != nullptr;
    const Json value = usable ? Json(*given->text()) : Json::parse(decides->key->fallback.json);
    decides->key->field.set(config, value, decides->key->type);
  }
  return key.fallback.derive(config);
}

/// A default list as nodes, so that an override can replace one item of it.
Node default_list(const Key& key, const Place& place, const Node& object, const Branch& branch) {
  Node list;
  list.kind = Node::Kind::kList;
  list.key = list.value = place;
  for (const auto& item : default_items(key, object, branch)) {
    Node& node = list.children.emplace_back();
    if (item.is_string()) {
      node.kind = Node::Kind::kText;
      node.scalar = item.get<std::string>();
    } else {
      node.kind = Node::Kind::kNumber;
      node.scalar = item.get<double>();
    }
    node.key = node.value = place;
  }
  return list;
}

/// Whether two sources stand side by side: the same text, or both from the command line.
bool side_by_side(const Place& a, const Place& b) {
  return a.source == b.source || (a.source->command_line && b.source->command_line);
}

class Merger {
 public:
  explicit Merger(Report& report) : report_(report) {}

  void object(Node& base, const Node& overlay, const Branch& branch) {
    for (const Node& child : overlay.children) {
      const Branch* known = branch.find(child.name);
      if (child.duplicate || child.invalid || known == nullptr) continue;
      if (child.removes) {
        remove(base, child.name);
        continue;
      }
      exclude(base, child, branch, *known);
      Node* under = base.find(child.name);
      if (under == nullptr) {
        under =
            &base.children.emplace_back(known->is_list() ? default_list(*known->key, child.key, base, branch) : Node{});
        under->name = child.name;
      }
      const bool layers = known->key->type.kind == Type::Kind::kLayers;
      if (child.path_step && layers) {
        into_layers(*under, child, known->path());
      } else if (child.path_step && known->is_list()) {
        into_list(*under, child, *known);
      } else if (layers || child.kind != Node::Kind::kObject) {
        *under = child;
      } else if (known->children.empty()) {
        map(*under, child);
      } else {
        if (under->kind != Node::Kind::kObject || child.replaces) become_empty_object(*under, child);
        object(*under, child, *known);
      }
    }
  }

 private:
  static void remove(Node& object, const std::string& name) {
    std::erase_if(object.children, [&name](const Node& node) { return node.name == name; });
  }

  static void become_empty_object(Node& node, const Node& like) {
    node.kind = Node::Kind::kObject;
    node.scalar = {};
    node.children.clear();
    node.key = like.key;
    node.value = like.value;
  }

  /// An object of free texts replaces the earlier one, unless an override names one of its keys.
  static void map(Node& under, const Node& child) {
    if (under.kind != Node::Kind::kObject || !child.path_step) become_empty_object(under, child);
    for (const Node& entry : child.children) {
      if (entry.duplicate || entry.invalid) continue;
      if (entry.removes) {
        remove(under, entry.name);
      } else if (Node* earlier = under.find(entry.name)) {
        *earlier = entry;
      } else {
        under.children.push_back(entry);
      }
    }
  }

  void exclude(Node& base, const Node& child, const Branch& branch, const Branch& known) {
    if (known.key->exactly_one.empty()) return;
    for (const auto& other : branch.children) {
      Node* given =
          other.get() != &known && other->key->exactly_one == known.key->exactly_one ? base.find(other->name) : nullptr;
      if (given == nullptr) continue;
      if (side_by_side(given->key, child.key)) {
        report_.add(known.path(), {.what = fmt::format("`{}` and `{}` both give the {}", other->path(), known.path(),
                                                       known.key->exactly_one),
                                   .place = child.key,
                                   .help = "keep one of them"});
      }
      remove(base, other->name);
    }
  }

  void into_list(Node& list, const Node& step, const Branch& branch) {
    const Node& next = step.children.front();
    std::size_t index = 0;
    std::from_chars(next.name.data(), next.name.data() + next.name.size(), index);
    const std::size_t most = branch.key->type.as(Type::Kind::kList)->most;
    if (index > list.children.size() || index >= most) {
      report_.add(branch.path(), {.what = fmt::format("index {} is behind the end of `{}`", index, branch.path()),
                                  .place = next.key,
                                  .help = fmt::format("it has {} items, counted from 0", list.children.size())});
    } else if (index == list.children.size()) {
      append(list, next, branch);
    } else if (next.kind == Node::Kind::kObject && next.path_step) {
      object(list.children[index], next, branch);
    } else {
      list.children[index] = next;
    }
  }

  /// Follows an override into a list of layers: names into objects, indices into lists.
  void into_layers(Node& under, const Node& step, const std::string& path) {
    const Node& next = step.children.front();
    Node* inner = under.kind == Node::Kind::kObject ? under.find(next.name) : item_of(under, next.name);
    const bool new_key = inner == nullptr && under.kind == Node::Kind::kObject && !next.removes;
    const bool new_item = inner == nullptr && under.kind == Node::Kind::kList &&
                          next.name == std::to_string(under.children.size()) && !next.path_step;
    if (inner == nullptr && ((!new_key && !new_item) || (new_key && next.path_step))) {
      report_.add(path, {.what = fmt::format("there is no {} in `{}`", as_key(next.name), path),
                         .place = next.key,
                         .help = under.kind == Node::Kind::kList
                                     ? fmt::format("it has {} items, counted from 0", under.children.size())
                                     : "give the key whole"});
    } else if (inner == nullptr) {
      under.children.push_back(next);
      if (new_item) under.children.back().name.clear();
    } else if (next.removes && under.kind == Node::Kind::kObject) {
      remove(under, next.name);
    } else if (next.path_step) {
      into_layers(*inner, next, fmt::format("{}.{}", path, next.name));
    } else {
      std::string name = inner->name;
      *inner = next;
      inner->name = std::move(name);
    }
  }

  static Node* item_of(Node& list, const std::string& index) {
    std::size_t i = list.children.size();
    const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), i);
    const bool whole = error == std::errc{} && end == index.data() + index.size();
    return list.kind == Node::Kind::kList && whole && i < list.children.size() ? &list.children[i] : nullptr;
  }

  void append(Node& list, const Node& item, const Branch& branch) {
    for (const auto& child : branch.children) {
      if (child->key->fallback.kind != Default::Kind::kRequired || item.find(child->name) != nullptr) continue;
      report_.add(branch.path(), {.what = fmt::format("a new item of `{}` without `{}`", branch.path(), child->name),
                                  .place = item.key,
                                  .help = fmt::format("give it whole: {}.{}='{{\"{}\": ...}}'", branch.path(),
                                                      item.name, child->name)});
    }
    list.children.push_back(item);
  }

  Report& report_;
};

}  // namespace

void merge(Node& base, const Node& overlay, Report& report) { Merger(report).object(base, overlay, tree()); }

}  // namespace headlight::config::schema
