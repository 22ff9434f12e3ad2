#include "apps/data/utf8.h"

#include <algorithm>

namespace headlight {

char32_t next_code_point(std::string_view text, std::size_t& position) {
  const std::size_t length = utf8_length(text[position]);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[position + i]); };
  char32_t point = length == 1 ? byte(0) : byte(0) & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) point = (point << 6U) | (byte(i) & 0x3FU);
  position += length;
  return point;
}

std::string to_utf8(char32_t point) {
  const auto last = [](char32_t bits) { return static_cast<char>(0x80U | (bits & 0x3FU)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0U | (point >> 6U)), last(point)};
  if (point < 0x10000) return {static_cast<char>(0xE0U | (point >> 12U)), last(point >> 6U), last(point)};
  return {static_cast<char>(0xF0U | (point >> 18U)), last(point >> 12U), last(point >> 6U), last(point)};
}

std::size_t unfinished_bytes(std::string_view block) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, block.size()); ++back) {
    const auto byte = static_cast<unsigned char>(block[block.size() - back]);
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) return utf8_length(static_cast<char>(byte)) > back ? back : 0;
  }
  return 0;
}

}  // namespace headlight
