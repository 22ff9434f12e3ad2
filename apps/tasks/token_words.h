#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/data/vocabulary.h"
#include "apps/tasks/task.h"

namespace headlight {

/// An input that someone gives, as a model reads it.
struct GivenInput {
  std::vector<std::int32_t> ids{};  ///< with what the task adds to it
  std::size_t given = 0;            ///< tokens of it that were given
};

/// A task's tokens as people type and read them: words with blanks between them or, where tokens are the characters or
/// bytes of a user's files, the text itself.
class TokenWords {
 public:
  explicit TokenWords(const Task& task);

  /// The input that a text asks for, completed by the task. Its tokens are its bytes; its characters, or, where no token
  /// is a blank, these and tokens with blanks between them; else its words, and where a word is no token its characters.
  /// Throws ConfigError, which names `option`, on what is no token, on nothing where no mark leads the input, on what is
  /// longer than `longest` with all that the task adds, and where all inputs of the task have another length.
  GivenInput input(const std::string& text, std::size_t longest, std::string_view option) const;

  /// The ids of an answer as text. Of bytes it may be no UTF-8.
  std::string text(const std::vector<std::int32_t>& answer) const;

 private:
  std::optional<std::int32_t> id_of(const std::string& token) const;
  std::vector<std::int32_t> ids_of(const std::string& text, std::string_view option) const;

  const Task& task_;
  std::size_t count_;
  Vocabulary::Kind input_ = Vocabulary::Kind::words;
  Vocabulary::Kind target_ = Vocabulary::Kind::words;
  bool has_blank_;
};

}  // namespace headlight
