#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headlight {

/// Text of a file as an error message may show it: at most `longest` bytes, cut between UTF-8 characters and marked
/// with "..." when shortened, control characters as '?'.
inline std::string excerpt(std::string_view text, std::size_t longest = 80) {
  std::size_t end = text.size();
  if (end > longest) {
    end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  }
  std::string shown(text.substr(0, end));
  for (char& c : shown) {
    if ((c >= 0 && c < 0x20) || c == 0x7f) c = '?';
  }
  return end == text.size() ? shown : shown + "...";
}

}  // namespace headlight
