#include "apps/headlight/token_words.h"

#include <fmt/format.h>

#include <optional>
#include <sstream>

#include "apps/data/symbol_text.h"
#include "core/error.h"

namespace headlight {
namespace {

/// The code points of well-formed UTF-8.
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

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> found;
  for (std::string word; stream >> word;) found.push_back(word);
  return found;
}

/// The character behind a name such as <space>.
std::string character_behind(const std::string& name) {
  for (const char* character : {" ", "\n", "\t"}) {
    if (character_text(character) == name) return character;
  }
  return name;
}

}  // namespace

TokenWords::TokenWords(const Task& task)
    : task_(task), count_(task.shape().vocabulary), characters_(id_of(character_text(" ")).has_value()) {}

std::optional<std::int32_t> TokenWords::id_of(const std::string& token) const {
  const auto count = static_cast<std::int32_t>(count_);
  for (std::int32_t id = 0; id < count; ++id) {
    if (task_.token_text(id) == token) return id;
  }
  return std::nullopt;
}

std::vector<std::int32_t> TokenWords::parse(const std::string& text, std::size_t longest,
                                            std::string_view option) const {
  if (count_ == 0) raise<ConfigError>(option, "the model of this run reads vectors, not tokens");
  std::vector<std::int32_t> ids;
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
    for (const std::string& character : characters_of(text)) names.push_back(character_text(character));
    return read(names);
  };
  const bool understood = characters_ ? read_characters() : read(words_of(text)) || read_characters();
  if (!understood) {
    raise<ConfigError>(option, "`" + strange + "` is no token of this task", {},
                       fmt::format("its {} tokens are {} to {}{}", count_, task_.token_text(0),
                                   task_.token_text(static_cast<std::int32_t>(count_) - 1),
                                   characters_ ? "" : ", separated by blanks"));
  }
  if (ids.empty() || ids.size() > longest) {
    raise<ConfigError>(option, fmt::format("it holds {} tokens", ids.size()), {},
                       fmt::format("give from 1 to {}, as model.max_len says", longest));
  }
  return ids;
}

std::string TokenWords::text(const std::vector<std::int32_t>& answer) const {
  std::string joined;
  for (const std::int32_t id : answer) {
    if (!characters_ && !joined.empty()) joined += ' ';
    joined += characters_ ? character_behind(task_.target_text(id)) : task_.target_text(id);
  }
  return joined;
}

}  // namespace headlight
