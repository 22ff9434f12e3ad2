#include "apps/inspect/canvas.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

#include "core/error.h"

namespace headlight {
namespace {

constexpr int kLargestSide = 16384;
constexpr int kHatchPeriod = 8;

}  // namespace

Canvas::Canvas(int width, int height, Rgb paper) : width_(width), height_(height) {
  if (width < 1 || height < 1 || width > kLargestSide || height > kLargestSide) {
    raise<ShapeError>("canvas", "the picture has an impossible size", fmt::format("{} x {} pixels", width, height),
                      fmt::format("keep both sides between 1 and {} pixels", kLargestSide));
  }
  bytes_.resize(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  fill({0, 0, width, height}, paper);
}

Rgb Canvas::pixel(int x, int y) const {
  const std::size_t at =
      3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x));
  return {bytes_[at], bytes_[at + 1], bytes_[at + 2]};
}

void Canvas::blend(int x, int y, Rgb color, double amount) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_ || amount <= 0) return;
  const Rgb mixed = mix(pixel(x, y), color, std::min(amount, 1.0));
  const std::size_t at =
      3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x));
  bytes_[at] = mixed.red;
  bytes_[at + 1] = mixed.green;
  bytes_[at + 2] = mixed.blue;
}

void Canvas::fill(const Rect& rect, Rgb color) {
  for (int y = rect.y; y < rect.bottom(); ++y) {
    for (int x = rect.x; x < rect.right(); ++x) blend(x, y, color, 1.0);
  }
}

void Canvas::frame(const Rect& rect, Rgb color) {
  fill({rect.x, rect.y, rect.width, 1}, color);
  fill({rect.x, rect.bottom() - 1, rect.width, 1}, color);
  fill({rect.x, rect.y, 1, rect.height}, color);
  fill({rect.right() - 1, rect.y, 1, rect.height}, color);
}

void Canvas::hatch(const Rect& rect, Rgb line) {
  for (int y = rect.y; y < rect.bottom(); ++y) {
    for (int x = rect.x; x < rect.right(); ++x) {
      const int phase = (x + y) % kHatchPeriod;
      const double distance = std::min(phase, kHatchPeriod - phase) / std::numbers::sqrt2;
      blend(x, y, line, 1.1 - distance);
    }
  }
}

void Canvas::cross(const Rect& rect, Rgb line) {
  const double middle_x = rect.x + (rect.width - 1) / 2.0;
  const double middle_y = rect.y + (rect.height - 1) / 2.0;
  const double reach = 0.28 * std::min(rect.width, rect.height);
  const double half_thickness = std::clamp(reach / 8.0, 0.6, 1.5);
  for (int y = rect.y; y < rect.bottom(); ++y) {
    for (int x = rect.x; x < rect.right(); ++x) {
      // Distances along and across the two diagonals; the nearer line counts.
      const double down = (x - middle_x + y - middle_y) / std::numbers::sqrt2;
      const double up = (x - middle_x - y + middle_y) / std::numbers::sqrt2;
      const double across = std::min(std::abs(down), std::abs(up));
      const double along = std::max(std::abs(down), std::abs(up));
      blend(x, y, line, std::min(half_thickness + 0.5 - across, std::numbers::sqrt2 * reach + 0.5 - along));
    }
  }
}

void Canvas::line(const std::vector<Point>& points, Rgb color, double thickness) {
  // Where segments meet, a pixel is covered as much as by the nearer one alone.
  std::map<std::pair<int, int>, double> covered;
  const double reach = thickness / 2 + 1;
  const auto first = [reach](double low) { return static_cast<int>(std::floor(std::max(low - reach, 0.0))); };
  const auto last = [reach](double high, int side) {
    return static_cast<int>(std::ceil(std::min(high + reach, static_cast<double>(side - 1))));
  };
  for (std::size_t i = 1; i < points.size(); ++i) {
    const Point& from = points[i - 1];
    const Point& to = points[i];
    const double along_x = to.x - from.x;
    const double along_y = to.y - from.y;
    const double square = along_x * along_x + along_y * along_y;
    const auto [left, right] = std::minmax(from.x, to.x);
    const auto [top, bottom] = std::minmax(from.y, to.y);
    for (int y = first(top); y <= last(bottom, height_); ++y) {
      for (int x = first(left); x <= last(right, width_); ++x) {
        // The distance of the middle of the pixel from the nearest point of the segment.
        const double across_x = x + 0.5 - from.x;
        const double across_y = y + 0.5 - from.y;
        const double part = square == 0 ? 0 : std::clamp((across_x * along_x + across_y * along_y) / square, 0.0, 1.0);
        const double distance = std::hypot(across_x - part * along_x, across_y - part * along_y);
        if (distance >= reach) continue;
        double& amount = covered[{x, y}];
        amount = std::max(amount, thickness / 2 + 0.5 - distance);
      }
    }
  }
  for (const auto& [at, amount] : covered) blend(at.first, at.second, color, amount);
}

void Canvas::text(const Font& font, int x, int y, std::string_view text, Rgb color, TextAlign align,
                  Direction direction) {
  const int length = text_width(font, text);
  const int start = align == TextAlign::kLeft ? 0 : align == TextAlign::kCenter ? length / 2 : length;
  std::int32_t pen = 0;
  char32_t previous = 0;
  for (const Glyph* drawn : glyphs_of(font, text)) {
    const Glyph& glyph = *drawn;
    pen += font.shift_between(previous, glyph.code);
    previous = glyph.code;
    // Positions along and across the line of writing; across grows downwards for text that runs to the right.
    const int along = (pen + 32) / 64 + glyph.left - start;
    for (int row = 0; row < glyph.height; ++row) {
      for (int col = 0; col < glyph.width; ++col) {
        const std::size_t offset = static_cast<std::size_t>(row) * glyph.width + static_cast<std::size_t>(col);
        const double amount = font.coverage[glyph.coverage + offset] / 255.0;
        const int across = row - glyph.top;
        if (direction == Direction::kRight) {
          blend(x + along + col, y + across, color, amount);
        } else {
          blend(x + across, y - along - col, color, amount);
        }
      }
    }
    pen += glyph.advance;
  }
}

void Canvas::picture(const Rect& place, const Canvas& pixels) {
  for (int y = 0; y < place.height; ++y) {
    for (int x = 0; x < place.width; ++x) {
      blend(place.x + x, place.y + y,
            pixels.pixel(x * pixels.width() / place.width, y * pixels.height() / place.height), 1.0);
    }
  }
}

}  // namespace headlight
