#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

/// One drawn character: coverage from 0 (paper) to 255 (ink) for `width` x `height` pixels.
struct Glyph {
  char32_t code;
  std::int16_t left;  ///< pixels from the pen to the first column
  std::int16_t top;   ///< pixels from the baseline up to the first row
  std::uint16_t width;
  std::uint16_t height;
  std::int32_t advance;    ///< way of the pen, in 1/64 pixel
  std::uint32_t coverage;  ///< offset of the first row in the font's coverage
};

/// A pair of characters that stand closer (or wider) than their advances say.
struct KerningPair {
  char32_t left;
  char32_t right;
  std::int32_t shift;  ///< in 1/64 pixel, negative for closer
};

/// The fonts that are compiled in: DejaVu Sans, drawn by FreeType at build time (font_generator.cpp).
enum class FontName {
  kTitle,  ///< bold, 30 pixels
  kText,   ///< 20 pixels
  kSmall,  ///< 16 pixels
  kTiny,   ///< 12 pixels
};

/// A font at one size, as anti-aliased pictures of Latin, Greek and Cyrillic letters, punctuation and a few symbols.
struct Font {
  int ascent;                            ///< pixels from the baseline to the top of the tallest letters
  int descent;                           ///< pixels from the baseline to the bottom of the lowest, positive
  int x_height;                          ///< height of a lower-case x
  int cap_height;                        ///< height of a capital or a digit
  std::span<const Glyph> glyphs;         ///< by rising code
  std::span<const KerningPair> kerning;  ///< by rising left, then right
  std::span<const std::uint8_t> coverage;

  /// The glyph of a character, or nullptr when the font has none.
  const Glyph* find(char32_t code) const;
  /// Kerning between two neighbours, in 1/64 pixel; 0 for most.
  std::int32_t shift_between(char32_t left, char32_t right) const;
};

const Font& font(FontName name);

/// The glyphs of the text; a character that the font cannot draw is written as `\u4e2d`.
std::vector<const Glyph*> glyphs_of(const Font& font, std::string_view text);

/// Width of the text in pixels.
int text_width(const Font& font, std::string_view text);

/// The text, cut and ended with `…` so that it is at most `width` pixels wide.
std::string fit_text(const Font& font, std::string_view text, int width);

}  // namespace headlight
