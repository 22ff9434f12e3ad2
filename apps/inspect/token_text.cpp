#include "apps/inspect/token_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include <utf8proc.h>

namespace headlight {
namespace {

/// One step through UTF-8: the code point and its bytes, or one byte that is no UTF-8.
struct Decoded {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

Decoded decode(std::string_view text) {
  // utf8proc reads bytes as unsigned char; the cast changes nothing else.
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  utf8proc_int32_t code = 0;
  const utf8proc_ssize_t used = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (used <= 0) return {};
  return {static_cast<char32_t>(code), static_cast<std::size_t>(used), true};
}

utf8proc_category_t category(char32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)); }

bool is_mark(char32_t code) {
  const utf8proc_category_t kind = category(code);
  return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME;
}

/// Characters without a shape of their own, some of which act on the terminal or on the text around them.
bool is_shapeless(char32_t code) {
  switch (category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return true;
    default:
      return false;
  }
}

std::string escaped(char32_t code) {
  const auto number = static_cast<std::uint32_t>(code);
  if (number <= 0xFF) return fmt::format("\\x{:02x}", number);
  if (number <= 0xFFFF) return fmt::format("\\u{:04x}", number);
  return fmt::format("\\U{:08x}", number);
}

std::string visible_character(char32_t code, std::string_view bytes, Charset charset) {
  const bool utf8 = charset == Charset::kUtf8;
  if (code == U'\n') return utf8 ? "⏎" : "\\n";
  if (code == U'\t') return utf8 ? "⇥" : "\\t";
  if (is_shapeless(code) || (!utf8 && code > 0x7E)) return escaped(code);
  return std::string(bytes);
}

std::string visible(std::string_view text, Charset charset, std::string_view space) {
  std::string shown;
  for (std::size_t begin = 0; begin < text.size();) {
    const Decoded next = decode(text.substr(begin));
    const std::string_view bytes = text.substr(begin, next.bytes);
    if (!next.valid) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[0]));
    } else if (next.code == U' ') {
      shown += space;
    } else {
      if (begin == 0 && charset == Charset::kUtf8 && is_mark(next.code)) shown += "◌";
      shown += visible_character(next.code, bytes, charset);
    }
    begin += next.bytes;
  }
  return shown;
}

/// The longest beginning of `text` that fits `width` columns without cutting a grapheme.
std::string beginning(std::string_view text, std::size_t width) {
  std::string kept;
  std::size_t used = 0;
  for (const std::string& grapheme : graphemes(text)) {
    used += display_width(grapheme);
    if (used > width) break;
    kept += grapheme;
  }
  return kept;
}

/// `text` cut to at most `width` columns.
std::string cut(std::string_view text, std::size_t width, Charset charset) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  return fmt::format("{}{}", beginning(text, width - 1), charset == Charset::kUtf8 ? "…" : "~");
}

}  // namespace

std::string visible_token(std::string_view token, Charset charset) {
  if (token.empty()) return charset == Charset::kUtf8 ? "∅" : "\"\"";
  return visible(token, charset, charset == Charset::kUtf8 ? "␠" : "_");
}

std::string visible_line(std::string_view text, Charset charset) {
  std::string shown = visible(text, charset, " ");
  // The middle dot separates the parts of a subtitle; escaped it would be in the way of reading.
  for (std::size_t at = shown.find("\\xb7"); charset == Charset::kAscii && at != std::string::npos;) {
    shown.replace(at, 4, 1, '|');
    at = shown.find("\\xb7", at);
  }
  return shown;
}

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> codes;
  while (!text.empty()) {
    const Decoded next = decode(text);
    codes.push_back(next.valid ? next.code : U'\uFFFD');
    text.remove_prefix(next.bytes);
  }
  return codes;
}

std::vector<std::string> graphemes(std::string_view text) {
  std::vector<std::string> parts;
  utf8proc_int32_t state = 0;
  utf8proc_int32_t previous = 0;
  while (!text.empty()) {
    const Decoded next = decode(text);
    const auto code = static_cast<utf8proc_int32_t>(next.code);
    // The state is carried from pair to pair, so the break is asked for even where the answer is known.
    const bool starts = parts.empty() || utf8proc_grapheme_break_stateful(previous, code, &state) || !next.valid;
    if (starts) parts.emplace_back();
    parts.back() += text.substr(0, next.bytes);
    previous = code;
    text.remove_prefix(next.bytes);
  }
  return parts;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const std::string& grapheme : graphemes(text)) {
    int widest = 0;
    for (const char32_t code : code_points(grapheme)) {
      widest = std::max(widest, is_mark(code) ? 0 : utf8proc_charwidth(static_cast<utf8proc_int32_t>(code)));
    }
    width += static_cast<std::size_t>(widest);
  }
  return width;
}

std::string pad_right(std::string_view text, std::size_t width, Charset charset) {
  std::string shown = cut(text, width, charset);
  shown.append(width - display_width(shown), ' ');
  return shown;
}

std::string pad_left(std::string_view text, std::size_t width, Charset charset) {
  std::string shown = cut(text, width, charset);
  shown.insert(0, width - display_width(shown), ' ');
  return shown;
}

}  // namespace headlight
