#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "apps/inspect/colormap.h"
#include "apps/inspect/font.h"

namespace headlight {

/// A rectangle of pixels; x grows to the right, y downwards.
struct Rect {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  int right() const { return x + width; }
  int bottom() const { return y + height; }
  int center_x() const { return x + width / 2; }
  int center_y() const { return y + height / 2; }
};

/// Which point of a text is placed.
enum class TextAlign { kLeft, kCenter, kRight };

/// Which way a text runs.
enum class Direction { kRight, kUp };

/// A picture in 8-bit sRGB. Whatever lies outside is cut off.
class Canvas {
 public:
  /// Filled with `paper`. Throws ShapeError unless both sides are in [1, 16384].
  Canvas(int width, int height, Rgb paper);

  int width() const { return width_; }
  int height() const { return height_; }
  Rgb pixel(int x, int y) const;
  /// Rows from top to bottom, each `width` times red, green, blue.
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  void fill(const Rect& rect, Rgb color);
  /// Frame of one pixel just inside the rectangle.
  void frame(const Rect& rect, Rgb color);
  /// Thin diagonal lines, in step from one rectangle to the next.
  void hatch(const Rect& rect, Rgb line);
  /// A diagonal cross of lines 2 to 3 pixels thick, in the middle of the rectangle.
  void cross(const Rect& rect, Rgb line);

  /// Writes text on the baseline through (x, y): to the right, or upwards with the baseline vertical. `align` says
  /// whether the point is the beginning, the middle or the end of the text.
  void text(const Font& font, int x, int y, std::string_view text, Rgb color, TextAlign align = TextAlign::kLeft,
            Direction direction = Direction::kRight);

 private:
  void blend(int x, int y, Rgb color, double amount);

  int width_;
  int height_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace headlight
