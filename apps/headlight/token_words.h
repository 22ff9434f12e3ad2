#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/tasks/task.h"

namespace headlight {

/// A task's tokens as people type and read them: words with blanks between them, or, of a task whose tokens are
/// characters, the text itself.
class TokenWords {
 public:
  explicit TokenWords(const Task& task);

  /// Whether tokens are single characters, blanks among them, so that a text is read character by character.
  bool reads_characters() const { return characters_; }

  /// The ids of a text: its characters where reads_characters(), else its words; where a word is no token its
  /// characters are tried. Throws ConfigError, which names `option`, on what is no token, nothing, and more than
  /// `longest` tokens.
  std::vector<std::int32_t> parse(const std::string& text, std::size_t longest, std::string_view option) const;

  /// The ids of an answer as text.
  std::string text(const std::vector<std::int32_t>& answer) const;

 private:
  std::optional<std::int32_t> id_of(const std::string& token) const;

  const Task& task_;
  std::size_t count_;
  bool characters_;
};

}  // namespace headlight
