#include "apps/inspect/font.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "apps/inspect/token_text.h"

namespace headlight {

const Glyph* Font::find(char32_t code) const {
  const auto found = std::lower_bound(glyphs.begin(), glyphs.end(), code,
                                      [](const Glyph& glyph, char32_t wanted) { return glyph.code < wanted; });
  return found != glyphs.end() && found->code == code ? &*found : nullptr;
}

std::int32_t Font::shift_between(char32_t left, char32_t right) const {
  const auto found = std::lower_bound(kerning.begin(), kerning.end(), std::tie(left, right),
                                      [](const KerningPair& pair, const std::tuple<char32_t&, char32_t&>& wanted) {
                                        return std::tie(pair.left, pair.right) < wanted;
                                      });
  return found != kerning.end() && found->left == left && found->right == right ? found->shift : 0;
}

std::vector<const Glyph*> glyphs_of(const Font& font, std::string_view text) {
  std::vector<const Glyph*> glyphs;
  for (const char32_t code : code_points(text)) {
    if (const Glyph* glyph = font.find(code)) {
      glyphs.push_back(glyph);
      continue;
    }
    const auto number = static_cast<std::uint32_t>(code);
    for (const char letter : number <= 0xFFFF ? fmt::format("\\u{:04x}", number) : fmt::format("\\U{:08x}", number)) {
      if (const Glyph* glyph = font.find(static_cast<char32_t>(letter))) glyphs.push_back(glyph);
    }
  }
  return glyphs;
}

int text_width(const Font& font, std::string_view text) {
  std::int32_t pen = 0;
  char32_t previous = 0;
  for (const Glyph* glyph : glyphs_of(font, text)) {
    pen += font.shift_between(previous, glyph->code) + glyph->advance;
    previous = glyph->code;
  }
  return (pen + 63) / 64;
}

std::string fit_text(const Font& font, std::string_view text, int width) {
  if (text_width(font, text) <= width) return std::string(text);
  std::string kept;
  for (const std::string& grapheme : graphemes(text)) {
    if (text_width(font, kept + grapheme + "…") > width) break;
    kept += grapheme;
  }
  return kept + "…";
}

}  // namespace headlight
