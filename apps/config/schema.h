#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/config.h"
#include "apps/config/type.h"

namespace headlight::config::schema {

/// What a key that is not given means.
struct Default {
  enum class Kind {
    kParts,     ///< an object: made of its keys' defaults
    kAbsent,    ///< the feature is off, or another key says it
    kRequired,  ///< it must be given (for a key of an optional object: when that object is given)
    kValue,
    kDerived,  ///< follows from other keys
  };
  Kind kind = Kind::kParts;
  std::string json{};  ///< the value as JSON text (kValue)
  std::string note{};  ///< what it follows from (kDerived), or what leaving it out means (kAbsent)
  std::function<nlohmann::ordered_json(const Config&)> derive{};  ///< null: no value
};

/// How a value goes into the typed Config and comes out of it. Empty for objects and for keys that editors use.
struct Field {
  std::function<void(Config&, const nlohmann::ordered_json&, const Type&)> set{};
  std::function<void(const Config&, const Type&, nlohmann::ordered_json&)>
      get{};  ///< leaves null for an empty optional
};

/// A key that has an effect only with some values of another key of the same object.
struct Condition {
  std::string key{};
  std::vector<std::string> values{};
};

/// A state of other keys without which a key has no effect.
struct Need {
  std::function<bool(const Config&)> holds{};
  std::string otherwise{};  ///< why it has none: "`model.blocks` is given"
  std::string help{};       ///< what to do instead
  std::string key{};        ///< the key of the same object that takes the effect away when it is given, for the schema
};

/// One row of the table.
struct Key {
  std::string path{};  ///< dotted; `[]` stands for any item of a list
  Type type{};
  Default fallback{};
  std::string doc{};  ///< one line, with the unit
  Field field{};
  Condition only{};
  std::vector<Need> needs{};
  std::string alias{};        ///< short name on the command line
  std::string exactly_one{};  ///< of the keys of one object that carry the same word, exactly one is given
  std::string remedy{};       ///< help shown with a wrong value
  bool named_only = false;    ///< a plain value for the whole object (`dropout: 0.1`) leaves this member at its default
};

/// The table: every key of a config, in the order in which the resolved config writes them.
const std::vector<Key>& table();

/// The table as a tree.
struct Branch {
  std::string name;
  const Key* key = nullptr;  ///< null for the root
  const Branch* parent = nullptr;
  std::vector<std::unique_ptr<Branch>> children;  ///< in the order of the table; equal names under different conditions

  /// The first child of that name, or nullptr.
  const Branch* find(std::string_view child) const;
  std::string path() const { return key == nullptr ? std::string{} : key->path; }
  bool is_list() const { return key != nullptr && key->type.as(Type::Kind::kList) != nullptr; }
  /// Whether a plain value may stand for the object: number or boolean for all members.
  bool has_shorthand() const { return !children.empty() && key != nullptr && key->type.kind == Type::Kind::kEither; }
};

const Branch& tree();

/// The branch at a dotted path, or nullptr.
const Branch* find_branch(std::string_view path);

/// The row that carries this short name, or nullptr.
const Key* find_alias(std::string_view alias);

/// "`model`", or "the config" for the root.
std::string owner(const Branch& branch);

/// The value of the key that a condition names, as a resolved config has it.
std::string selected(const Key& key, const Config& config);

/// The first of the key's needs that does not hold, or nullptr.
const Need* unmet_need(const Key& key, const Config& config);

/// Whether the key has an effect in this config.
bool is_active(const Key& key, const Config& config);

}  // namespace headlight::config::schema
