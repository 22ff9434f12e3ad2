// SVG files, looked at as text: every shape that is drawn in pixels has its element.
#include <algorithm>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "apps/inspect/picture.h"

using namespace headlight;
using Catch::Contains;

namespace {

AttentionMap small_map() {
  AttentionMap map;
  map.title = "Attention of <dec.self> & more";
  map.subtitle = "run r, step 7";
  map.rows = 2;
  map.cols = 2;
  map.weights = {1, 0, 0.25F, std::numeric_limits<float>::quiet_NaN()};
  map.hidden = {0, 1, 0, 0};
  map.row_labels = {"<s>", "\"b\""};
  map.col_labels = {"<s>", "\"b\""};
  return map;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

std::string css(Rgb color) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "#";
  for (const std::uint8_t part : {color.red, color.green, color.blue}) {
    text += kDigits[part >> 4U];
    text += kDigits[part & 15U];
  }
  return text;
}

std::string element(const MapPicture& picture, std::size_t row, std::size_t col) {
  const Rect cell = picture.cell_rect(row, col);
  return "<rect x=\"" + std::to_string(cell.x) + "\" y=\"" + std::to_string(cell.y) + "\" width=\"" +
         std::to_string(cell.width) + "\" height=\"" + std::to_string(cell.height) + "\" fill=\"";
}

}  // namespace

TEST_CASE("A map as SVG has its cells where the picture in pixels has them, in the colours of their weights") {
  const AttentionMap map = small_map();
  const std::string svg = render_svg(map, {});
  const MapPicture picture = draw_map(map, {});
  const Colormap colors = colormap("cividis", Theme::kLight);
  CHECK_THAT(svg, Contains("width=\"" + std::to_string(picture.width) + "\" height=\"" +
                           std::to_string(picture.height) + "\""));
  CHECK_THAT(svg, Contains(element(picture, 0, 0) + css(colors.entry(255)) + "\"/>"));
  CHECK_THAT(svg, Contains(element(picture, 1, 0) + css(colors.entry(64)) + "\"/>"));  // 0.25 255 = 63.75
  CHECK_THAT(svg, Contains(element(picture, 0, 1) + "url(#hatch-"));
  CHECK_THAT(svg, Contains("<pattern id=\"hatch-"));
  CHECK_THAT(svg, Contains("<path d=\"M"));  // of what is not a number
}

TEST_CASE("Text of an SVG stays text, with its letters escaped as XML asks for") {
  const std::string svg = render_svg(small_map(), {});
  CHECK_THAT(svg, Contains("<title>Attention of &lt;dec.self&gt; &amp; more</title>"));
  CHECK(occurrences(svg, ">&lt;s&gt;</text>") == 2);  // one on each axis
  CHECK(occurrences(svg, ">&quot;b&quot;</text>") == 2);
  CHECK(svg.find("<s>") == std::string::npos);
  CHECK(occurrences(svg, "<svg") == 1);
  CHECK(svg.ends_with("</svg>\n"));
}

TEST_CASE("A map of more than 64 x 64 cells is one image of an SVG") {
  AttentionMap map;
  map.rows = 65;
  map.cols = 65;
  map.weights.assign(map.rows * map.cols, 0.5F);
  const std::string svg = render_svg(map, {});
  CHECK(occurrences(svg, "<image") == 1);
  CHECK_THAT(svg, Contains("image-rendering:pixelated") && Contains("data:image/png;base64,iVBORw0KGgo"));
  map.rows = 64;
  map.cols = 64;
  map.weights.resize(map.rows * map.cols);
  CHECK(occurrences(render_svg(map, {}), "<image") == 0);
}
