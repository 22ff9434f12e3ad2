#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/config/located.h"
#include "apps/config/schema.h"

namespace headlight::config::schema {

/// The mistakes found so far, and the keys that they concern: later checks leave those alone.
struct Report {
  std::vector<Problem> problems;
  std::set<std::string> broken;  ///< dotted paths

  void add(std::string_view path, Problem problem) {
    broken.emplace(path);
    problems.push_back(std::move(problem));
  }
  /// Whether the key or an object around it has a mistake.
  bool is_lost(std::string_view path) const;
  /// Whether the key, an object around it, or a part of its value has a mistake.
  bool is_broken(std::string_view path) const;
};

/// The values of keys that decide which other keys have an effect: path -> value. A key that is missing here is not
/// known (not given, or wrong), and decides nothing.
using Selection = std::map<std::string, std::string, std::less<>>;

/// What the sources say together, the last one winning, and the defaults where they say nothing.
Selection select(const std::vector<Node>& roots);

/// The child of that name that has an effect; when all are without effect, the first of them; nullptr when there is
/// none.
const Branch* choose(const Branch& object, std::string_view name, const Selection& selection);

/// Whether the selection rules the key out.
bool is_ruled_out(const Key& key, const Selection& selection);

/// That a key is given but has no effect: `value` is what its condition's key says.
Problem no_effect(const Key& key, const std::string& value, const Place& place);

/// Whether a single value has the type. Lists and objects are looked at piece by piece elsewhere.
bool matches(const Node& node, const Type& type);

/// Checks every key and value of one source. Wrong nodes are marked `invalid`; a plain value that stands for an object
/// is replaced by that object.
void validate(Node& root, const Selection& selection, Report& report);

}  // namespace headlight::config::schema
