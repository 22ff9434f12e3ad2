#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/inspect/color_mode.h"
#include "apps/inspect/colormap.h"

namespace headlight {

/// The entry of the 256-colour palette that looks nearest: smallest distance in L*a*b* among the 6 x 6 x 6 cube
/// (16-231, levels 0 95 135 175 215 255) and the greys (232-255, 8 + 10 i). The first 16 are left out because every
/// terminal has its own.   Source: xterm, 256colres.pl.
std::uint8_t nearest_palette_entry(Rgb color);

/// How a piece of text looks.
struct TextStyle {
  std::optional<Rgb> foreground = std::nullopt;
  std::optional<Rgb> background = std::nullopt;
  bool bold = false;
  bool dim = false;
  bool operator==(const TextStyle&) const = default;
};

/// One line for the terminal, put together from styled pieces. Knows its width and sends an escape sequence only where
/// the style changes; `ColorMode::kNone` sends none.
class StyledLine {
 public:
  explicit StyledLine(ColorMode mode) : mode_(mode) {}

  /// Adds text that is already safe to show (`visible_token`, `visible_line`).
  void append(std::string_view text, const TextStyle& style = {});
  /// Adds spaces until the line is `width` columns wide.
  void fill_to(std::size_t width);

  std::size_t width() const { return width_; }
  /// The line, with the style switched off at its end and without spaces that nobody sees.
  std::string text() const;
  /// Adds the pieces of another line of the same mode.
  void append(const StyledLine& other);

 private:
  void switch_to(const TextStyle& style);

  ColorMode mode_;
  TextStyle current_;
  std::string text_;
  std::size_t width_ = 0;
};

}  // namespace headlight
