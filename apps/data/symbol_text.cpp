#include "apps/data/symbol_text.h"

#include <fmt/format.h>

#include "apps/data/utf8.h"

namespace headlight {
namespace {

/// Whether a terminal would show nothing, or something else, for a character (Unicode 15: controls, blanks, and the
/// marks that steer the direction of text).
bool is_invisible(char32_t point) {
  const auto between = [point](char32_t first, char32_t last) { return point >= first && point <= last; };
  return point <= 0x20 || between(0x7F, 0xA0) || point == 0xAD || point == 0x1680 || between(0x2000, 0x200F) ||
         between(0x2028, 0x202F) || between(0x205F, 0x206F) || point == 0x3000 || point == 0xFEFF;
}

}  // namespace

std::string character_text(std::string_view character) {
  std::size_t position = 0;
  const char32_t point = next_code_point(character, position);
  if (point == U' ') return "<space>";
  if (point == U'\n') return "<newline>";
  if (point == U'\t') return "<tab>";
  if (is_invisible(point)) return fmt::format("<U+{:04X}>", static_cast<std::uint32_t>(point));
  return std::string(character);
}

std::string word_text(std::string_view word) {
  std::string text;
  for (std::size_t i = 0; i < word.size();) {
    const std::size_t begin = i;
    const char32_t point = next_code_point(word, i);
    if (point == U'\\') {
      text += "\\\\";
    } else if (is_invisible(point)) {
      text += point < 0x100 ? fmt::format("\\x{:02X}", static_cast<std::uint32_t>(point))
                            : fmt::format("\\u{:04X}", static_cast<std::uint32_t>(point));
    } else {
      text += word.substr(begin, i - begin);
    }
  }
  return text.empty() ? "\\" : text;
}

std::string byte_text(unsigned char byte) {
  return byte > 0x20 && byte < 0x7F ? std::string(1, static_cast<char>(byte)) : fmt::format("<0x{:02X}>", byte);
}

}  // namespace headlight
