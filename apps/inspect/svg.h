#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "apps/inspect/png.h"
#include "apps/inspect/surface.h"

namespace headlight {

/// A picture as the shapes of an SVG file. Text stays text, in DejaVu Sans or what the reader has in its place, stretched
/// to the width that it has in pixels.   Source: SVG 1.1 (second edition), W3C 2011.
class SvgDrawing : public Surface {
 public:
  /// Sides in pixels, filled with `paper`.
  SvgDrawing(int width, int height, Rgb paper);

  void fill(const Rect& rect, Rgb color) override;
  void frame(const Rect& rect, Rgb color) override;
  void hatch(const Rect& rect, Rgb line) override;
  void cross(const Rect& rect, Rgb line) override;
  void line(const std::vector<Point>& points, Rgb color, double thickness) override;
  using Surface::text;
  void text(const Font& font, int x, int y, std::string_view text, Rgb color, TextAlign align,
            Direction direction) override;
  void picture(const Rect& place, const Canvas& pixels) override;
  std::size_t most_cells() const override { return std::size_t{64} * 64; }

  /// The whole file. Of `texts` the Title and the Description are what a screen reader says.
  std::string file(const PngTexts& texts) const;

 private:
  int width_;
  int height_;
  std::string shapes_{};
  std::set<std::string> hatches_{};  ///< colours of hatched areas
};

}  // namespace headlight
