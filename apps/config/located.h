#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "apps/config/problem.h"

namespace headlight::config::schema {

/// A JSON value that remembers where its key and itself stand in the text.
struct Node {
  enum class Kind { kNull, kBoolean, kNumber, kText, kList, kObject };

  Kind kind = Kind::kNull;
  std::variant<std::monostate, bool, std::int64_t, double, std::string> scalar;
  bool overflow = false;  ///< a number beyond the range of a double; `scalar` is empty
  std::string name;       ///< the key, in an object
  Place key;              ///< the key as written; for list items and the root the same as `value`
  Place value;
  std::vector<Node> children;

  bool duplicate = false;  ///< the key stood in this object before: reported, not used
  bool path_step = false;  ///< an object that stands for one step of an override's path
  bool invalid = false;    ///< reported by validation, left out of the merge
  bool replaces = false;   ///< takes the place of an object instead of being merged into it
  bool spread = false;     ///< a member that a plain value for its whole object stands for
  bool removes = false;    ///< the null of an override: takes back what earlier sources say of the key

  const Node* find(std::string_view child) const;
  Node* find(std::string_view child);
  const std::string* text() const { return std::get_if<std::string>(&scalar); }
  std::optional<double> number() const;
};

/// Largest config text in bytes, and deepest nesting.
constexpr std::size_t kLargestText = std::size_t{1} << 20U;
constexpr std::size_t kDeepestNesting = 64;

enum class Comments { kAllowed, kForbidden };

/// Reads `source.text` from byte `begin` to its end as strict JSON, with `//` and `/* */` comments where allowed. A
/// byte order mark at the start of a file is skipped. Duplicate keys are added to `problems` and reading goes on; text
/// that is not JSON, not UTF-8, or nested too deeply is added and gives nullopt.
std::optional<Node> read_located(const Source& source, std::size_t begin, Comments comments,
                                 std::vector<Problem>& problems);

}  // namespace headlight::config::schema
