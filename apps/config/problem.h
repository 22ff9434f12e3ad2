#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace headlight::config::schema {

/// A text that gives part of a config: a whole file, or one `section.key=value` from the command line.
struct Source {
  std::string name{};
  std::string text{};
  std::filesystem::path directory{};  ///< what a relative path in the text starts from
  bool command_line = false;
};

/// A stretch of bytes in a source. Without a source: no place that could be shown.
struct Place {
  const Source* source = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Both count from 1; a column is one code point (a tab is one, a byte order mark none).
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

Position position(const Source& source, std::size_t offset);

/// One mistake: what is wrong, where, and what to do about it.
struct Problem {
  std::string what;
  Place place;
  std::string help;
};

/// The message, with the line shown and the place underlined:
///     error: unknown key `n_heads` in `model`
///       --> copy.json:9:38
///        9 |   "model": { "n_heads": 4, ...
///          |              ^^^^^^^^^
///     help: a key with a similar name exists: `heads`
std::string format(const Problem& problem);

/// All messages in the order of the sources and of the places in them, at most fifty.
std::string format(std::vector<Problem> problems, const std::vector<const Source*>& order);

/// Offset of the first byte that is not part of well-formed UTF-8 (Unicode 15, table 3-7), or npos.
std::size_t find_invalid_utf8(std::string_view text);

/// Number of code points in well-formed UTF-8.
std::size_t code_points(std::string_view text);

/// `text` as a user typed it, in double quotes; cut after 40 code points; control characters become spaces.
std::string in_quotes(std::string_view text);

/// The same between backquotes, as keys are shown.
std::string as_key(std::string_view text);

}  // namespace headlight::config::schema
