#include "apps/inspect/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "apps/inspect/canvas.h"
#include "core/io/base64.h"

namespace headlight {
namespace {

std::string css_color(Rgb color) { return fmt::format("#{:02x}{:02x}{:02x}", color.red, color.green, color.blue); }

/// Text and attribute values of XML. Control characters have been made visible before a text comes here.
std::string xml_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

/// What CSS calls the fonts that are compiled in.
std::string_view style_of(const Font& face) {
  struct Style {
    FontName name;
    std::string_view attributes;
  };
  constexpr std::array kStyles = {Style{FontName::kTitle, R"(font-size="30" font-weight="bold")"},
                                  Style{FontName::kText, R"(font-size="20")"},
                                  Style{FontName::kSmall, R"(font-size="16")"},
                                  Style{FontName::kTiny, R"(font-size="12")"}};
  const auto* const found =
      std::find_if(kStyles.begin(), kStyles.end(), [&face](const Style& style) { return &font(style.name) == &face; });
  return found == kStyles.end() ? kStyles[1].attributes : found->attributes;
}

std::string_view anchor_of(TextAlign align) {
  switch (align) {
    case TextAlign::kLeft:
      return "start";
    case TextAlign::kCenter:
      return "middle";
    case TextAlign::kRight:
      break;
  }
  return "end";
}

std::string text_of(const PngTexts& texts, std::string_view keyword) {
  const auto found =
      std::find_if(texts.begin(), texts.end(), [&](const auto& entry) { return entry.first == keyword; });
  return found == texts.end() ? "" : xml_text(found->second);
}

}  // namespace

SvgDrawing::SvgDrawing(int width, int height, Rgb paper) : width_(width), height_(height) {
  fill({0, 0, width, height}, paper);
}

void SvgDrawing::fill(const Rect& rect, Rgb color) {
  fmt::format_to(std::back_inserter(shapes_), R"(<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>)", rect.x,
                 rect.y, rect.width, rect.height, css_color(color));
  shapes_ += '\n';
}

void SvgDrawing::frame(const Rect& rect, Rgb color) {
  fmt::format_to(std::back_inserter(shapes_),
                 R"(<rect x="{}.5" y="{}.5" width="{}" height="{}" fill="none" stroke="{}"/>)", rect.x, rect.y,
                 rect.width - 1, rect.height - 1, css_color(color));
  shapes_ += '\n';
}

void SvgDrawing::hatch(const Rect& rect, Rgb line) {
  const std::string color = css_color(line).substr(1);
  hatches_.insert(color);
  fmt::format_to(std::back_inserter(shapes_), R"x(<rect x="{}" y="{}" width="{}" height="{}" fill="url(#hatch-{})"/>)x",
                 rect.x, rect.y, rect.width, rect.height, color);
  shapes_ += '\n';
}

void SvgDrawing::cross(const Rect& rect, Rgb line) {
  const double reach = 0.28 * std::min(rect.width, rect.height);
  const double x = rect.x + rect.width / 2.0;
  const double y = rect.y + rect.height / 2.0;
  fmt::format_to(
      std::back_inserter(shapes_),
      R"(<path d="M{:.2f} {:.2f}L{:.2f} {:.2f}M{:.2f} {:.2f}L{:.2f} {:.2f}" stroke="{}" stroke-width="{:.2f}"/>)",
      x - reach, y - reach, x + reach, y + reach, x - reach, y + reach, x + reach, y - reach, css_color(line),
      std::clamp(reach / 4, 1.2, 3.0));
  shapes_ += '\n';
}

void SvgDrawing::line(const std::vector<Point>& points, Rgb color, double thickness) {
  shapes_ += "<polyline points=\"";
  for (const Point& point : points) {
    fmt::format_to(std::back_inserter(shapes_), "{:.1f},{:.1f} ", point.x, point.y);
  }
  fmt::format_to(std::back_inserter(shapes_),
                 R"(" fill="none" stroke="{}" stroke-width="{}" stroke-linejoin="round"/>)", css_color(color),
                 thickness);
  shapes_ += '\n';
}

void SvgDrawing::text(const Font& face, int x, int y, std::string_view text, Rgb color, TextAlign align,
                      Direction direction) {
  if (text.empty()) return;
  const std::string turned =
      direction == Direction::kUp ? fmt::format(R"x( transform="rotate(-90 {} {})")x", x, y) : "";
  fmt::format_to(
      std::back_inserter(shapes_),
      R"(<text x="{}" y="{}" {} fill="{}" text-anchor="{}" textLength="{}" lengthAdjust="spacingAndGlyphs"{}>)"
      "{}</text>\n",
      x, y, style_of(face), css_color(color), anchor_of(align), std::max(text_width(face, text), 1), turned,
      xml_text(text));
}

void SvgDrawing::picture(const Rect& place, const Canvas& pixels) {
  const std::string png = encode_png(pixels, {});
  fmt::format_to(std::back_inserter(shapes_),
                 R"(<image x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none" )"
                 R"(style="image-rendering:pixelated" xlink:href="data:image/png;base64,{}"/>)",
                 place.x, place.y, place.width, place.height, base64(std::as_bytes(std::span(png))));
  shapes_ += '\n';
}

std::string SvgDrawing::file(const PngTexts& texts) const {
  std::string svg = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{0}" height="{1}" )"
      R"(viewBox="0 0 {0} {1}" role="img" font-family="DejaVu Sans, Verdana, sans-serif">)"
      "\n<title>{2}</title>\n<desc>{3}</desc>\n",
      width_, height_, text_of(texts, "Title"), text_of(texts, "Description"));
  for (const std::string& color : hatches_) {
    // Lines one to the other eighth pixel across, as Canvas::hatch() draws them.
    fmt::format_to(std::back_inserter(svg),
                   R"(<defs><pattern id="hatch-{0}" width="8" height="8" patternUnits="userSpaceOnUse">)"
                   R"(<path d="M-1 1L1 -1M0 8L8 0M7 9L9 7" stroke="#{0}" stroke-width="1.2"/></pattern></defs>)",
                   color);
    svg += '\n';
  }
  return svg + shapes_ + "</svg>\n";
}

}  // namespace headlight
