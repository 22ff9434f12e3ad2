#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/data/line_faults.h"

namespace headlight {

/// What a field of a JSON line holds.
enum class FieldKind {
  tokens,   ///< a list of integers from 0
  chars,    ///< a string, by its code points
  words,    ///< a string, split at blanks (space, tab, line ends)
  vectors,  ///< a list of lists of finite numbers, all of one length
  label,    ///< one of several: an integer from 0, or a string
  index,    ///< an integer from 0
  value,    ///< a finite number
};

/// Which field is read, and how.
struct FieldSpec {
  std::string name{};
  FieldKind kind = FieldKind::tokens;
  std::optional<std::int64_t> ignore{};  ///< of tokens: an integer that stands for no token
};

/// The value of a field; what its kind has no use for is empty.
struct FieldValue {
  std::vector<std::int64_t> integers{};  ///< tokens (the ignored ones as they are), an integer label, an index
  std::vector<std::string> symbols{};    ///< chars, words, or a label that is a string
  std::vector<double> numbers{};         ///< vectors one behind the other, or a value
  std::size_t length = 0;                ///< elements
  std::size_t width = 0;                 ///< numbers in one vector
};

/// A line as a JSON object. Throws ConfigError with its place.
nlohmann::json parse_record(std::string_view line, const LinePlace& place);

/// Reads a field of it. Throws ConfigError when it is not there or not of that kind.
void read_field(const nlohmann::json& record, const FieldSpec& field, const LinePlace& place, FieldValue& value);

/// Appends the code points of a text that is known to be UTF-8.
void split_characters(std::string_view text, std::vector<std::string>& characters);

}  // namespace headlight
