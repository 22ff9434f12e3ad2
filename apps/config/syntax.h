#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "apps/config/problem.h"

namespace headlight::config::schema {

/// A token's bytes, [begin, end).
struct Token {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Walks JSON text token by token, passing over blanks, comments, commas and colons. It knows where tokens are, not
/// whether they are right: the JSON library has accepted each token that is taken.
class Cursor {
 public:
  Cursor(std::string_view text, std::size_t begin);

  Token take();
  Token last() const { return last_; }
  std::size_t origin() const { return origin_; }

 private:
  std::string_view text_;
  std::size_t origin_;
  Token last_;
};

/// An object or a list that is not closed yet.
struct OpenBracket {
  std::size_t offset = 0;
  bool list = false;
};

/// What was accepted last.
enum class Reached { kStart, kOpen, kKey, kValue };

/// Says in plain words why reading stopped behind `cursor.last()`. `read_until` is the last byte the JSON library
/// looked at; `open` are the brackets that enclose the place, outermost first.
Problem explain_syntax_error(const Source& source, const Cursor& cursor, Reached reached, std::size_t read_until,
                             const std::vector<OpenBracket>& open);

}  // namespace headlight::config::schema
