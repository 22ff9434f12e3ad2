#pragma once

#include <cstddef>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headlight::config::schema {

/// The numbers from `from` (or above `above`) to `to` (or below `below`). Written with designated initialisers:
/// `number({.above = 0, .to = 1000})`. Whole numbers stay below 2^53, where every reader of JSON agrees on them.
struct Range {
  static constexpr double kUnset = std::numeric_limits<double>::infinity();
  double from = -kUnset;
  double above = -kUnset;
  double to = kUnset;
  double below = kUnset;

  bool contains(double value) const { return value >= from && value > above && value <= to && value < below; }
};

constexpr double kLargestWhole = 9007199254740991.0;  // 2^53 - 1

/// What a text may be.
enum class TextRule {
  kAny,       ///< not empty
  kFileName,  ///< not empty, no `/`, not `.` or `..`, no control character, at most 100 bytes
  kPath,      ///< a file; a relative one starts from the directory of the config, and is made absolute
};

/// The values that a key takes.
struct Type {
  enum class Kind {
    kInteger,  ///< a number without a fraction: 100, or 1e2
    kNumber,
    kBoolean,
    kText,
    kChoice,
    kList,
    kObject,   ///< an object whose keys have rows of their own
    kTextMap,  ///< an object with free keys and texts
    kLayers,   ///< a list of layers; their own registrations know the keys
    kEither,   ///< one of several types
  };

  Kind kind = Kind::kObject;
  Range range{};
  TextRule rule = TextRule::kAny;
  std::vector<std::pair<std::string, int>> choices{};  ///< name and enumerator
  std::vector<Type> parts{};                           ///< alternatives, or the one item type of a list
  std::size_t least = 0;                               ///< items of a list
  std::size_t most = 0;

  /// This type, or the alternative of that kind; nullptr when there is none.
  const Type* as(Kind wanted) const;
};

Type integer(double from, double to = kLargestWhole);
Type number(Range range);
Type boolean();
Type text(TextRule rule = TextRule::kAny);
Type list(Type item, std::size_t least, std::size_t most);
Type object();
Type text_map();
Type layers();
Type either(Type first, Type second);

template <class Enum>
Type choice(std::initializer_list<std::pair<const char*, Enum>> names) {
  Type type{.kind = Type::Kind::kChoice};
  for (const auto& [name, value] : names) type.choices.emplace_back(name, static_cast<int>(value));
  return type;
}

/// "an integer from 1 to 16384", "one of \"pre\", \"post\"", "a number from 0 to below 1, or an object".
std::string describe(const Type& type);

/// Whether a text satisfies the rule, and the rule in words for a message.
bool satisfies(TextRule rule, std::string_view value);
std::string describe(TextRule rule);

/// A number as people write it: 16384, 0.001, 9007199254740991.
std::string plain(double value);

}  // namespace headlight::config::schema
