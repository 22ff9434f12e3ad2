#include "apps/tasks/token_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "apps/data/symbol_text.h"
#include "apps/data/utf8.h"
#include "apps/tasks/data_task.h"
#include "core/error.h"

namespace headlight {
namespace {

using Kind = Vocabulary::Kind;

/// The code points of a text; bytes that are no UTF-8 stand in pieces that are none either.
std::vector<std::string> characters_of(const std::string& text) {
  std::vector<std::string> found;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    found.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return found;
}

/// How a token of one character is called; a piece that is no UTF-8 is called what no token is: a single backslash stands
/// in none.
std::string character_name(const std::string& character) {
  if (utf8_length(character.front()) == character.size()) return character_text(character);
  return "\\" + byte_text(static_cast<unsigned char>(character.front()));
}

/// The texts of all tokens, or of the first ones of many.
std::string first_tokens(const Task& task, std::size_t count) {
  constexpr std::size_t kListed = 30;
  std::vector<std::string> texts;
  for (std::size_t id = 0; id < std::min(count, kListed); ++id) {
    texts.push_back(task.token_text(static_cast<std::int32_t>(id)));
  }
  return fmt::format("{}{}", fmt::join(texts, ", "), count > kListed ? ", ..." : "");
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> found;
  for (std::string word; stream >> word;) found.push_back(word);
  return found;
}

/// The character behind a name such as <space> or <U+00A0>: character_text() the other way round.
std::string character_behind(const std::string& name) {
  for (const char* character : {" ", "\n", "\t"}) {
    if (character_text(character) == name) return character;
  }
  constexpr std::string_view kNumbered = "<U+";
  if (!name.starts_with(kNumbered)) return name;
  std::uint32_t point = 0;
  std::from_chars(name.data() + kNumbered.size(), name.data() + name.size(), point, 16);
  return to_utf8(point);
}

}  // namespace

TokenWords::TokenWords(const Task& task)
    : task_(task), count_(task.shape().vocabulary), has_blank_(id_of(character_text(" ")).has_value()) {
  const auto* const data = dynamic_cast<const DataTask*>(&task);
  if (data == nullptr) return;
  const Vocabularies& both = data->facts().vocabularies;
  input_ = both.input->kind();
  target_ = both.target ? both.target->kind() : input_;
}

std::optional<std::int32_t> TokenWords::id_of(const std::string& token) const {
  const auto count = static_cast<std::int32_t>(count_);
  for (std::int32_t id = 0; id < count; ++id) {
    if (task_.token_text(id) == token) return id;
  }
  return std::nullopt;
}

std::vector<std::int32_t> TokenWords::ids_of(const std::string& text, std::string_view option) const {
  std::vector<std::int32_t> ids;
  if (input_ == Kind::bytes) {
    for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
    return ids;
  }
  std::string strange;
  const auto read = [&](const std::vector<std::string>& tokens) {
    ids.clear();
    for (const std::string& token : tokens) {
      const std::optional<std::int32_t> id = id_of(token);
      if (!id && strange.empty()) strange = token;
      if (!id) return false;
      ids.push_back(*id);
    }
    return true;
  };
  const auto read_characters = [&] {
    std::vector<std::string> names;
    for (const std::string& character : characters_of(text)) names.push_back(character_name(character));
    return read(names);
  };
  const auto read_words = [&] { return read(words_of(text)); };
  const bool characters = input_ == Kind::chars;
  const bool understood =
      characters ? read_characters() || (!has_blank_ && read_words()) : read_words() || read_characters();
  if (understood) return ids;
  raise<ConfigError>(option, "`" + strange + "` is no token of this task", {},
                     fmt::format("its {} tokens are {}{}", count_, first_tokens(task_, count_),
                                 characters ? "" : ", separated by blanks"));
}

GivenInput TokenWords::input(const std::string& text, std::size_t longest, std::string_view option) const {
  if (count_ == 0) raise<ConfigError>(option, "the model of this run reads vectors, not tokens");
  const TaskShape shape = task_.shape();
  GivenInput input{.ids = ids_of(text, option)};
  input.given = input.ids.size();
  const std::size_t least = shape.begin_leads ? 0 : 1;
  if (input.given < least || input.given > longest) {
    raise<ConfigError>(option, fmt::format("it holds {} tokens", input.given), {},
                       fmt::format("give from {} to {}, as model.max_len says", least, longest));
  }
  task_.complete(input.ids);
  const std::size_t added = input.ids.size() - input.given;
  if (shape.input_length && input.ids.size() != *shape.input_length) {
    raise<ConfigError>(option, fmt::format("it holds {} tokens", input.given), {},
                       fmt::format("this task needs {}: all of its inputs are that long", *shape.input_length - added));
  }
  if (input.ids.size() > longest) {
    raise<ConfigError>(option, fmt::format("it holds {} tokens, and the task adds {}", input.given, added), {},
                       fmt::format("give fewer: model.max_len is {}", longest));
  }
  return input;
}

std::string TokenWords::text(const std::vector<std::int32_t>& answer) const {
  const bool whole_words = target_ != Kind::chars && target_ != Kind::bytes;
  std::string joined;
  for (const std::int32_t id : answer) {
    if (whole_words && !joined.empty()) joined += ' ';
    if (target_ == Kind::bytes) {
      joined += static_cast<char>(id);
    } else {
      joined += whole_words ? task_.target_text(id) : character_behind(task_.target_text(id));
    }
  }
  return joined;
}

}  // namespace headlight
