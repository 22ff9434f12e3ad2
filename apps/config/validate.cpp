#include "apps/config/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "apps/config/suggest.h"

namespace headlight::config::schema {

namespace {

using Kind = Type::Kind;

std::string join_path(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

/// The value as the user wrote it.
std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "null";
    case Node::Kind::kText:
      return fmt::format("the text {}", in_quotes(std::get<std::string>(node.scalar)));
    case Node::Kind::kList:
      return fmt::format("a list of {}", node.children.size());
    case Node::Kind::kObject:
      return "an object";
    case Node::Kind::kBoolean:
    case Node::Kind::kNumber:
      break;
  }
  const std::string shown =
      in_quotes(std::string_view(node.value.source->text).substr(node.value.begin, node.value.end - node.value.begin));
  return shown.substr(1, shown.size() - 2);
}

std::string default_help(const Key& key) {
  const Default& fallback = key.fallback;
  if (fallback.kind == Default::Kind::kValue) return fmt::format("the default is {}", fallback.json);
  if (!fallback.note.empty()) return fmt::format("left out, it means: {}", fallback.note);
  return {};
}

/// How a value is written of which no default can be told.
std::string form_help(const Key& key) {
  const Branch* branch = find_branch(key.path);
  if (branch != nullptr && !branch->children.empty()) return list_of_keys(*branch);
  return what_to_give(key);
}

/// What to do about a value of the wrong type or out of range.
std::string help_for(const Node& node, const Type& type, const Key& key) {
  const bool numeric = type.as(Kind::kInteger) != nullptr || type.as(Kind::kNumber) != nullptr;
  if (node.kind == Node::Kind::kNull) {
    const std::string meaning = default_help(key);
    if (!meaning.empty()) return fmt::format("leave the key out; {}", meaning);
    const bool needed = key.fallback.kind == Default::Kind::kRequired || key.type.kind == Kind::kObject;
    return needed ? form_help(key) : "give a value, or leave the key out";
  }
  if (const std::string* written = node.text()) {
    std::string lower;
    for (const char c : *written) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool not_finite = lower.find("nan") != std::string::npos || lower.find("inf") != std::string::npos;
    if (numeric && not_finite && lower.size() < 12) return "a config holds finite numbers only";
    const bool number = !lower.empty() && lower.find_first_not_of("0123456789+-.e") == std::string::npos;
    const bool truth = lower == "true" || lower == "false";
    if ((numeric && number) || (type.as(Kind::kBoolean) != nullptr && truth)) {
      return fmt::format("write it without quotes: {}", lower.substr(0, 40));
    }
  }
  if (const Type* choice = type.as(Kind::kChoice); choice != nullptr && !numeric) {
    return suggest_choice(node.text() != nullptr ? *node.text() : "", *choice);
  }
  if (type.kind == Kind::kText && node.value.source->command_line && node.kind != Node::Kind::kText) {
    return fmt::format("to give it as a text, quote it twice: '\"{}\"'", describe(node));
  }
  if (!key.remedy.empty()) return key.remedy;
  const std::string meaning = default_help(key);
  return meaning.empty() ? form_help(key) : meaning;
}

class Validator {
 public:
  Validator(const Selection& selection, Report& report) : selection_(selection), report_(report) {}

  void object(Node& node, const Branch& branch, const std::string& path) {
    for (Node& child : node.children) {
      if (child.duplicate) continue;
      const std::string child_path = join_path(path, child.name);
      const Branch* known = choose(branch, child.name, selection_);
      if (known == nullptr) {
        unknown(child, branch, child_path);
      } else if (is_ruled_out(*known->key, selection_)) {
        ruled_out(child, *known->key);
      } else if (child.removes && known->key->fallback.kind != Default::Kind::kRequired) {
        continue;  // what is taken back may be of any kind
      } else {
        value(child, *known, known->key->type, child_path);
      }
    }
  }

 private:
  void fail(Node& node, const std::string& path, Problem problem) {
    node.invalid = true;
    report_.add(path, std::move(problem));
  }

  void unknown(Node& node, const Branch& branch, const std::string& path) {
    const std::string where =
        branch.key == nullptr ? " at the top level" : fmt::format(" in {}", as_key(path.substr(0, path.rfind('.'))));
    fail(node, path,
         {.what = fmt::format("unknown key {}{}", as_key(node.name), where),
          .place = node.key,
          .help = suggest_key(node.name, branch)});
  }

  void ruled_out(Node& node, const Key& key) {
    const std::string section = key.path.substr(0, key.path.rfind('.') + 1);
    fail(node, key.path, no_effect(key, selection_.find(section + key.only.key)->second, node.key));
  }

  void wrong(Node& node, const Type& type, const Key& key, const std::string& path) {
    fail(node, path,
         {.what = fmt::format("{} must be {}, not {}", as_key(path), schema::describe(type), describe(node)),
          .place = node.value,
          .help = help_for(node, type, key)});
  }

  void value(Node& node, const Branch& branch, const Type& type, const std::string& path) {
    if (type.kind == Kind::kLayers) {
      layers(node, branch, path);
    } else if (node.path_step && type.as(Kind::kObject) == nullptr && type.kind != Kind::kTextMap) {
      step(node, branch, type, path);
    } else if (!matches(node, type)) {
      wrong(node, type, *branch.key, path);
    } else if (node.kind == Node::Kind::kList) {
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        item(node.children[i], branch, type, fmt::format("{}.{}", path, i));
        node.invalid = node.invalid || node.children[i].invalid;
      }
    } else if (type.kind == Kind::kTextMap) {
      for (Node& child : node.children) {
        if (!child.duplicate && !child.removes && child.text() == nullptr)
          wrong(child, text(), *branch.key, join_path(path, child.name));
        node.invalid = node.invalid || child.invalid;
      }
    } else if (node.kind == Node::Kind::kObject) {
      object(node, branch, path);
    } else if (branch.has_shorthand()) {
      spread(node, branch);
    }
  }

  /// A list of layers, or an override of something inside it. The layers judge the keys when they are built.
  void layers(Node& node, const Branch& branch, const std::string& path) {
    if (!node.path_step && !matches(node, branch.key->type)) {
      fail(node, path,
           {.what =
                fmt::format("{} must be {}, not {}", as_key(path), schema::describe(branch.key->type), describe(node)),
            .place = node.value,
            .help = node.kind == Node::Kind::kObject ? "put the layer into a list: [{\"type\": ...}]"
                                                     : "write [{\"type\": ...}, ...]"});
      return;
    }
    free_numbers(node, node, path);
  }

  /// Numbers beyond the range of a double, anywhere in JSON that nobody else checks here.
  void free_numbers(Node& whole, const Node& node, const std::string& path) {
    if (node.overflow) {
      fail(whole, path,
           {.what = fmt::format("{} must be a finite number, not {}", as_key(path), describe(node)),
            .place = node.value,
            .help = "a config holds finite numbers only"});
    }
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const Node& child = node.children[i];
      free_numbers(whole, child, join_path(path, child.name.empty() ? std::to_string(i) : child.name));
    }
  }

  /// One item of a list; objects must be complete in themselves.
  void item(Node& node, const Branch& list, const Type& type, const std::string& path) {
    const Type& item_type = type.as(Kind::kList)->parts.front();
    value(node, list, item_type, path);
    if (item_type.kind != Kind::kObject || node.kind != Node::Kind::kObject) return;
    for (const auto& child : list.children) {
      if (child->key->fallback.kind == Default::Kind::kRequired && node.find(child->name) == nullptr) {
        fail(node, join_path(path, child->name),
             {.what = fmt::format("missing key `{}` in {}", child->name, as_key(path)),
              .place = {node.value.source, node.value.begin, node.value.begin + 1},
              .help = fmt::format("give {}: {}", schema::describe(child->key->type), child->key->doc)});
      }
    }
    node.invalid = node.invalid || std::any_of(node.children.begin(), node.children.end(),
                                               [](const Node& child) { return child.invalid; });
  }

  /// An override that goes on below a key which is no object: an index into a list, or a mistake.
  void step(Node& node, const Branch& branch, const Type& type, const std::string& path) {
    Node& next = node.children.front();
    if (type.as(Kind::kList) == nullptr) {
      fail(node, path,
           {.what = fmt::format("{} has no keys below it", as_key(path)),
            .place = next.key,
            .help = fmt::format("it is {}: {}=...", schema::describe(type), path)});
      return;
    }
    const bool index =
        next.name.size() < 5 && !next.name.empty() && next.name.find_first_not_of("0123456789") == std::string::npos;
    if (!index) {
      fail(node, path,
           {.what = fmt::format("{} is a list: {} is not an index", as_key(path), as_key(next.name)),
            .place = next.key,
            .help = fmt::format("items count from 0: {}.0=...", path)});
      return;
    }
    const Type& item_type = type.as(Kind::kList)->parts.front();
    value(next, branch, item_type, join_path(path, next.name));
    node.invalid = next.invalid;
  }

  /// `dropout: 0.1` becomes the object it stands for.
  void spread(Node& node, const Branch& branch) {
    const Node plain = node;
    node.kind = Node::Kind::kObject;
    node.scalar = {};
    node.replaces = true;
    for (const auto& child : branch.children) {
      if (child->key->named_only) continue;
      Node& member = node.children.emplace_back(plain);
      member.name = child->name;
      member.spread = true;
    }
  }

  const Selection& selection_;
  Report& report_;
};

}  // namespace

void validate(Node& root, const Selection& selection, Report& report) {
  Validator(selection, report).object(root, tree(), "");
}

}  // namespace headlight::config::schema
