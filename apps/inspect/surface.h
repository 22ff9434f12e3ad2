#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "apps/inspect/colormap.h"
#include "apps/inspect/font.h"

namespace headlight {

class Canvas;

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

/// What a picture is drawn on: pixels (canvas.h) or the shapes of an SVG file (svg.h).
class Surface {
 public:
  struct Point {
    double x = 0;
    double y = 0;
  };

  virtual ~Surface() = default;

  virtual void fill(const Rect& rect, Rgb color) = 0;
  /// Frame of one pixel just inside the rectangle.
  virtual void frame(const Rect& rect, Rgb color) = 0;
  /// Thin diagonal lines, in step from one rectangle to the next.
  virtual void hatch(const Rect& rect, Rgb line) = 0;
  /// A diagonal cross of lines 2 to 3 pixels thick, in the middle of the rectangle.
  virtual void cross(const Rect& rect, Rgb line) = 0;
  /// Joins the points, in their order, by straight lines.
  virtual void line(const std::vector<Point>& points, Rgb color, double thickness) = 0;
  /// Writes text on the baseline through (x, y): to the right, or upwards with the baseline vertical. `align` says
  /// whether the point is the beginning, the middle or the end of the text.
  virtual void text(const Font& font, int x, int y, std::string_view text, Rgb color, TextAlign align,
                    Direction direction) = 0;
  void text(const Font& font, int x, int y, std::string_view words, Rgb color, TextAlign align = TextAlign::kLeft) {
    text(font, x, y, words, color, align, Direction::kRight);
  }
  /// The pixels, each as a rectangle of its share of `place`.
  virtual void picture(const Rect& place, const Canvas& pixels) = 0;

  /// Maps of more cells than this are drawn as a picture of one pixel for each.
  virtual std::size_t most_cells() const { return std::numeric_limits<std::size_t>::max(); }

 protected:
  Surface() = default;
  Surface(const Surface&) = default;
  Surface& operator=(const Surface&) = default;
};

}  // namespace headlight
