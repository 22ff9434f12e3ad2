#include <png.h>

#include <limits>
#include <map>

#include <catch2/catch.hpp>

#include "apps/inspect/font.h"
#include "apps/inspect/picture.h"
#include "apps/inspect/picture_parts.h"
#include "apps/inspect/png.h"
#include "core/error.h"

using namespace headlight;

namespace {

struct Decoded {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> bytes;
  Rgb pixel(int x, int y) const {
    const std::size_t at =
        3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x));
    return {bytes[at], bytes[at + 1], bytes[at + 2]};
  }
};

Decoded decode(const std::string& file) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_memory(&image, file.data(), file.size()) != 0);
  image.format = PNG_FORMAT_RGB;
  Decoded decoded{static_cast<int>(image.width), static_cast<int>(image.height), {}};
  decoded.bytes.resize(PNG_IMAGE_SIZE(image));
  REQUIRE(png_image_finish_read(&image, nullptr, decoded.bytes.data(), 0, nullptr) != 0);
  return decoded;
}

/// The data of each chunk by type; of several chunks of one type, joined.   Source: ISO/IEC 15948, 5.3.
std::map<std::string, std::string> chunks(const std::string& file) {
  std::map<std::string, std::string> found;
  for (std::size_t at = 8; at + 8 <= file.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length * 256 + static_cast<unsigned char>(file[at + i]);
    found[file.substr(at + 4, 4)] += file.substr(at + 8, length) + '\n';
    at += 12 + length;
  }
  return found;
}

/// Weights that take every entry of the colour map in turn.
AttentionMap ramp(std::size_t rows, std::size_t cols) {
  AttentionMap map;
  map.title = "Ramp";
  map.subtitle = "run r, step 7";
  map.rows = rows;
  map.cols = cols;
  for (std::size_t i = 0; i < rows * cols; ++i) map.weights.push_back(static_cast<float>(i * 37 % 256) / 255.0F);
  return map;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("The middle of every cell in the file has the colour of its weight") {
  for (const Theme theme : {Theme::kLight, Theme::kDark}) {
    for (const std::string name : {"cividis", "viridis", "magma", "grey"}) {
      const PictureStyle style = {.theme = theme, .colormap = name};
      for (const auto& [rows, cols] :
           std::vector<std::pair<std::size_t, std::size_t>>{{1, 1}, {16, 16}, {3, 90}, {40, 2}}) {
        AttentionMap map = ramp(rows, cols);
        map.row_labels.assign(rows, "token");
        map.col_labels.assign(cols, "t");
        const MapPicture picture = draw_map(map, style);
        const Decoded decoded = decode(encode_png(picture.canvas, {}));
        REQUIRE(decoded.width == picture.canvas.width());
        REQUIRE(decoded.height == picture.canvas.height());
        const Colormap colors = colormap(name, theme);
        bool equal = true;
        for (std::size_t row = 0; row < rows; ++row) {
          for (std::size_t col = 0; col < cols; ++col) {
            const Rect cell = picture.cell_rect(row, col);
            const std::size_t entry = (row * cols + col) * 37 % 256;
            equal = equal && decoded.pixel(cell.center_x(), cell.center_y()) == colors.entry(entry);
            equal = equal && decoded.pixel(cell.x, cell.y) == colors.entry(entry);
            equal = equal && decoded.pixel(cell.right() - 1, cell.bottom() - 1) == colors.entry(entry);
          }
        }
        INFO(name << " " << rows << " x " << cols);
        CHECK(equal);
      }
    }
  }
}

TEST_CASE("A cell that holds no weight has no colour of the map") {
  AttentionMap map = ramp(2, 2);
  map.weights = {0, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 0};
  map.hidden = {0, 0, 0, 1};
  const MapPicture picture = draw_map(map, {.theme = Theme::kDark});
  const auto has_color = [&](std::size_t row, std::size_t col, Rgb wanted) {
    const Rect cell = picture.cell_rect(row, col);
    for (int y = cell.y; y < cell.bottom(); ++y) {
      for (int x = cell.x; x < cell.right(); ++x) {
        if (picture.canvas.pixel(x, y) == wanted) return true;
      }
    }
    return false;
  };
  const Rgb zero = colormap("cividis", Theme::kDark).entry(0);
  const Rgb around = picture.canvas.pixel(0, 0);
  const Rgb alarm = picture.canvas.pixel(picture.cell_rect(1, 0).center_x(), picture.cell_rect(1, 0).center_y());
  CHECK(has_color(0, 0, zero));
  CHECK_FALSE(has_color(0, 1, zero));
  CHECK_FALSE(has_color(1, 0, zero));
  CHECK_FALSE(has_color(1, 1, zero));
  CHECK(has_color(1, 1, around));
  CHECK_FALSE(has_color(0, 1, around));
  // The cross passes through the middle of its cell.
  CHECK(has_color(0, 1, alarm));
  CHECK_FALSE(has_color(1, 1, alarm));
}

TEST_CASE("On light a weight of zero is the paper within the outline of its map, and a hidden cell is hatched") {
  AttentionMap map = ramp(1, 2);
  map.weights = {0, 0};
  map.hidden = {0, 1};
  const MapPicture picture = draw_map(map, {.theme = Theme::kLight});
  const auto is_paper = [&](const Rect& rect) {
    for (int y = rect.y; y < rect.bottom(); ++y) {
      for (int x = rect.x; x < rect.right(); ++x) {
        if (picture.canvas.pixel(x, y) != paper(Theme::kLight)) return false;
      }
    }
    return true;
  };
  const Rect zero = picture.cell_rect(0, 0);
  CHECK(is_paper(zero));
  CHECK_FALSE(is_paper(picture.cell_rect(0, 1)));
  // Cells lie two pixels apart, and as far from the outline.
  CHECK_FALSE(is_paper({zero.x - 3, zero.center_y(), 1, 1}));
  CHECK(is_paper({zero.x - 2, zero.center_y(), 2, 1}));
}

TEST_CASE("The file says what it shows, holds no time, and is the same each time") {
  const std::string file = render_png(ramp(4, 4), {});
  const std::map<std::string, std::string> found = chunks(file);
  CHECK(contains(found.at("tEXt"), std::string("Title\0Ramp\n", 11)));
  CHECK(contains(found.at("tEXt"), std::string("Software\0Headlight ", 19)));
  CHECK(contains(found.at("iTXt"), "Description"));
  CHECK(contains(found.at("iTXt"), "run r, step 7 · linear scale"));
  CHECK(found.count("tIME") == 0);
  CHECK(found.count("sRGB") == 1);
  CHECK(file == render_png(ramp(4, 4), {}));
}

TEST_CASE("Large maps are pooled to at most 256 cells per side, and the picture says so") {
  AttentionMap map = ramp(600, 300);
  const MapPicture picture = draw_map(map, {});
  CHECK(picture.drawn.stride == 3);
  CHECK(picture.drawn.rows == 200);
  CHECK(picture.drawn.cols == 100);
  CHECK(contains(picture.drawn.subtitle, "each cell is the maximum of 3 × 3"));
  CHECK(draw_map(ramp(256, 256), {}).drawn.stride == 1);
  CHECK(draw_map(ramp(257, 1), {}).drawn.stride == 2);
}

TEST_CASE("Labels of any length leave the picture a sensible size") {
  AttentionMap map = ramp(16, 16);
  map.title = std::string(500, 'W');
  map.subtitle = std::string(500, 'w');
  map.row_labels.assign(16, std::string(1000, 'x'));
  map.col_labels.assign(16, "\x1b\xff中 token");
  const MapPicture picture = draw_map(map, {.values = true});
  CHECK(picture.canvas.width() <= 1500);
  CHECK(picture.canvas.height() <= 1500);
}

TEST_CASE("A grid shows each map in its place with the colours of its weights") {
  AttentionGrid grid;
  grid.title = "Heads";
  grid.row_names = {"layer 0"};
  grid.col_names = {"head 0", "head 1"};
  AttentionMap ones = ramp(1, 1);
  ones.weights = {1};
  AttentionMap zeros = ones;
  zeros.weights = {0};
  grid.maps = {ones, zeros};
  // On dark, where no colour of the map is also the background's.
  const Decoded decoded = decode(render_png(grid, {.theme = Theme::kDark}));
  const Colormap colors = colormap("cividis", Theme::kDark);
  // One cell of 48 pixels each: the first is filled with the last colour, the second with the first. Both also stand in
  // the colour bar, 22 pixels wide, so more than 22 equal pixels in one line are a cell.
  int ones_begin = -1;
  int zeros_begin = -1;
  for (int y = 0; y < decoded.height; ++y) {
    for (int x = 0; x + 30 < decoded.width; ++x) {
      if (decoded.pixel(x, y) == colors.entry(255) && decoded.pixel(x + 30, y) == colors.entry(255)) ones_begin = x;
      if (decoded.pixel(x, y) == colors.entry(0) && decoded.pixel(x + 30, y) == colors.entry(0)) zeros_begin = x;
    }
  }
  CHECK(ones_begin > 0);
  CHECK(zeros_begin > ones_begin);
}

TEST_CASE("The name of a row that is longer than its maps are high takes several lines and loses nothing") {
  AttentionGrid grid;
  grid.row_names = {"dec.cross, layer 0"};
  grid.col_names = {"head 0"};
  grid.maps = {ramp(3, 3)};
  const std::string svg = render_svg(grid, {});
  CHECK(contains(svg, ">dec.cross,</text>"));
  CHECK(contains(svg, ">layer 0</text>"));
  grid.maps = {ramp(6, 6)};
  CHECK(contains(render_svg(grid, {}), ">dec.cross, layer 0</text>"));
}

TEST_CASE("Maps that do not fill a grid or differ in scale are refused") {
  AttentionGrid grid;
  CHECK_THROWS_AS(draw_grid(grid, {}), ShapeError);
  grid.row_names = {"layer 0"};
  grid.col_names = {"head 0", "head 1"};
  grid.maps = {ramp(2, 2)};
  CHECK_THROWS_WITH(draw_grid(grid, {}),
                    "draw_grid: the maps do not fill the grid; 1 maps for 1 x 2 places; "
                    "pass one map per row name and column name");
  grid.maps.push_back(ramp(2, 2));
  grid.maps[1].scale = Scale::kSqrt;
  CHECK_THROWS_AS(draw_grid(grid, {}), ConfigError);
  grid.maps[1] = AttentionMap{};
  CHECK_THROWS_AS(draw_grid(grid, {}), ShapeError);
}

TEST_CASE("Empty maps and impossible sizes are refused in the house's form") {
  CHECK_THROWS_WITH(draw_map(AttentionMap{}, {}),
                    "draw_map: the map has no cells; rows and columns (0, 0); record at least one query and one key");
  CHECK_THROWS_WITH(
      Canvas(0, 5, {}),
      "canvas: the picture has an impossible size; 0 x 5 pixels; keep both sides between 1 and 16384 pixels");
  // A keyword has at least one character; libpng's words for it differ between versions.
  CHECK_THROWS_AS(encode_png(Canvas(1, 1, {}), {{std::string(), "text"}}), FileError);
}

TEST_CASE("The fonts hold every character that labels are made of") {
  for (const FontName name : {FontName::kTitle, FontName::kText, FontName::kSmall, FontName::kTiny}) {
    const Font& face = font(name);
    for (char32_t code = 0x20; code < 0x7F; ++code) CHECK(face.find(code) != nullptr);
    for (const char32_t code : {U'␠', U'⏎', U'⇥', U'∅', U'…', U'−', U'×', U'·', U'→', U'◌', U'é', U'λ', U'ж'}) {
      CHECK(face.find(code) != nullptr);
    }
    CHECK(face.find(U'中') == nullptr);
    CHECK(text_width(face, "中") == text_width(face, "\\u4e2d"));
    CHECK(text_width(face, "AV") < text_width(face, "A") + text_width(face, "V"));  // kerning
    CHECK(text_width(face, "") == 0);
    CHECK(fit_text(face, "abc", 1000) == "abc");
    CHECK(text_width(face, fit_text(face, "a long line of text", 60)) <= 60);
  }
}

TEST_CASE("What a picture is of stays whole in a narrow one") {
  const Heading heading =
      make_heading("Attention of dec.self, layer 0", "run r, step 512, probe 0 (eval 2137) · pooled", 260);
  CHECK(heading.title == std::vector<std::string>{"Attention of", "dec.self,", "layer 0"});
  CHECK(heading.lines == std::vector<std::string>{"run r, step 512,", "probe 0 (eval 2137)", "pooled"});
}
