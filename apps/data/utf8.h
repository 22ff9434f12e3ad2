#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Code points of text that is known to be UTF-8.
namespace headlight {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Bytes of the code point that begins with this byte.
inline std::size_t utf8_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// The code point at `position`, which moves behind it. The text must be valid UTF-8.
char32_t next_code_point(std::string_view text, std::size_t& position);

/// A code point as UTF-8.
std::string to_utf8(char32_t point);

/// Bytes at the end of a block that begin a code point which goes on behind it: 0 to 3.
std::size_t unfinished_bytes(std::string_view block);

}  // namespace headlight
