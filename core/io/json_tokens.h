#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace headlight {

/// Walks over the tokens of a JSON text without judging it: braces, brackets, strings, and runs of other characters.
/// On a valid text its tokens are exactly those that a parser reports, which tells where each of them stands.
class JsonTokens {
 public:
  struct Token {
    std::size_t begin;
    std::size_t end;
  };

  JsonTokens(std::string_view text, bool comments) : text_(text), comments_(comments) {}

  /// The next token; empty and at the end of the text when there is none.
  Token next();

 private:
  void skip_separators();
  bool skip_comment();
  std::size_t end_of_string() const;

  std::string_view text_;
  bool comments_;
  std::size_t position_ = 0;
};

/// Offset of the first byte that is not valid UTF-8 (overlong forms and surrogates are not), or nothing.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

}  // namespace headlight
