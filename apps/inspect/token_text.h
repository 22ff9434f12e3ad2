#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

/// Whether text may hold characters beyond ASCII.
enum class Charset { kUtf8, kAscii };

/// A token as it may be shown: no byte of it can move a cursor, start an escape sequence or turn the direction of
/// writing. Space is shown as `␠`, newline `⏎`, tab `⇥`, an empty token `∅` (ASCII: `_`, `\n`, `\t`, `""`); other
/// control and format characters and bytes that are no UTF-8 as `\x1b`, `\u202e`. Nothing is stripped. A token that
/// opens with a combining mark gets a dotted circle to stand on.
std::string visible_token(std::string_view token, Charset charset);

/// A line of text such as a title, made harmless in the same way; spaces and empty text stay as they are.
std::string visible_line(std::string_view text, Charset charset);

/// The code points of UTF-8 text; each byte that is no UTF-8 becomes U+FFFD.
std::vector<char32_t> code_points(std::string_view text);

/// The parts of UTF-8 text that a reader sees as one character each (grapheme clusters, Unicode UAX 29).
std::vector<std::string> graphemes(std::string_view text);

/// Terminal columns that the text takes: 2 for wide (CJK, emoji), 0 for combining characters, else 1.
std::size_t display_width(std::string_view text);

/// The text in exactly `width` columns: padded with spaces on the right, or cut and ended with `…` (ASCII: `~`).
std::string pad_right(std::string_view text, std::size_t width, Charset charset);

/// As pad_right, with the spaces on the left. A text that is too long keeps its beginning.
std::string pad_left(std::string_view text, std::size_t width, Charset charset);

}  // namespace headlight
