#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "apps/inspect/surface.h"

namespace headlight {

/// A picture in 8-bit sRGB. Whatever lies outside is cut off.
class Canvas : public Surface {
 public:
  /// Filled with `paper`. Throws ShapeError unless both sides are in [1, 16384].
  Canvas(int width, int height, Rgb paper);

  int width() const { return width_; }
  int height() const { return height_; }
  Rgb pixel(int x, int y) const;
  /// Rows from top to bottom, each `width` times red, green, blue.
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  void fill(const Rect& rect, Rgb color) override;
  void frame(const Rect& rect, Rgb color) override;
  void hatch(const Rect& rect, Rgb line) override;
  void cross(const Rect& rect, Rgb line) override;
  void line(const std::vector<Point>& points, Rgb color, double thickness) override;
  using Surface::text;
  void text(const Font& font, int x, int y, std::string_view text, Rgb color, TextAlign align,
            Direction direction) override;
  void picture(const Rect& place, const Canvas& pixels) override;

 private:
  void blend(int x, int y, Rgb color, double amount);

  int width_;
  int height_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace headlight
