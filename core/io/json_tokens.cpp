#include "core/io/json_tokens.h"

#include <algorithm>

namespace headlight {

JsonTokens::Token JsonTokens::next() {
  skip_separators();
  const std::size_t begin = position_;
  if (begin == text_.size()) return {begin, begin};
  const char first = text_[begin];
  if (first == '"') {
    position_ = end_of_string();
  } else if (std::string_view("{}[]").find(first) != std::string_view::npos) {
    ++position_;
  } else {
    const std::string_view stops = comments_ ? " \t\r\n,:{}[]\"/" : " \t\r\n,:{}[]\"";
    position_ = std::min(text_.find_first_of(stops, begin + 1), text_.size());
  }
  return {begin, position_};
}

void JsonTokens::skip_separators() {
  do {
    position_ = std::min(text_.find_first_not_of(" \t\r\n,:", position_), text_.size());
  } while (skip_comment());
}

bool JsonTokens::skip_comment() {
  if (!comments_) return false;
  const std::string_view rest = text_.substr(position_);
  if (rest.starts_with("//")) {
    position_ = std::min(text_.find_first_of("\r\n", position_), text_.size());
    return true;
  }
  if (rest.starts_with("/*")) {
    const std::size_t end = text_.find("*/", position_ + 2);
    position_ = end == std::string_view::npos ? text_.size() : end + 2;
    return true;
  }
  return false;
}

std::size_t JsonTokens::end_of_string() const {
  std::size_t i = position_ + 1;
  while (i < text_.size() && text_[i] != '"') i += text_[i] == '\\' ? 2U : 1U;
  return std::min(i + 1, text_.size());
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    // The second byte's range excludes overlong forms (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4).
    // Source: The Unicode Standard, table 3-7.
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || length > text.size() - i) return i;
    const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(i + 1) < low || byte(i + 1) > high) return i;
    for (std::size_t k = 2; k < length; ++k) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xBF) return i;
    }
    i += length;
  }
  return std::nullopt;
}

}  // namespace headlight
