#include <limits>
#include <sstream>

#include <catch2/catch.hpp>

#include "apps/inspect/ansi.h"
#include "apps/inspect/terminal.h"
#include "core/error.h"

using namespace headlight;

namespace {

constexpr float kNanWeight = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfiniteWeight = std::numeric_limits<float>::infinity();

AttentionMap two_by_two() {
  AttentionMap map;
  map.title = "T";
  map.subtitle = "run r · step 1";
  map.rows = 2;
  map.cols = 2;
  map.weights = {0, 1, 1, 0};
  map.row_labels = {"a", "b"};
  map.col_labels = {"c", "d"};
  return map;
}

AttentionMap identity(std::size_t size) {
  AttentionMap map;
  map.rows = size;
  map.cols = size;
  map.weights.assign(size * size, 0.0F);
  for (std::size_t i = 0; i < size; ++i) map.weights[i * size + i] = 1;
  return map;
}

/// The text without its SGR sequences, the only escape sequences that are allowed.
std::string without_color(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\x1b[") == 0) {
      const std::size_t end = text.find_first_not_of("0123456789;", i + 2);
      REQUIRE(text[end] == 'm');
      i = end;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool shows(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("Without colour a map is plain ASCII with a shade per cell") {
  AttentionMap map;
  map.title = "Reverse";
  map.subtitle = "run r · step 3";
  map.rows = 3;
  map.cols = 4;
  // The shades of 0, 0.2, 0.5, 0.8, 1 are entries 0, round(1.8), round(4.5), round(7.2), 9 of the ramp.
  map.weights = {0, 0.2F, 0.8F, 0, 0.5F, 0.5F, kNanWeight, kInfiniteWeight, 1, 0.3F, 0.3F, 0.3F};
  map.hidden = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1};
  map.row_labels = {"<s>", "b", " "};
  map.col_labels = {"w", "xy", "\n", ""};
  CHECK(render_terminal(map, {}) ==
        "Reverse\n"
        "run r | step 3\n"
        "rows: query (reads), columns: key (is read)\n"
        "\n"
        "      0 1 2 3\n"
        "        x \\ \"\n"
        "      w y n \"\n"
        "0 <s>   ::##\n"
        "1 b   ++++xxII\n"
        "2 _   @@//////\n"
        "\n"
        "0 [ .:-=+*#%@] 1  linear  // hidden  xx NaN  II infinite\n");
}

TEST_CASE("In 24 bits each cell is two spaces on the colour of its weight") {
  const std::string text = render_terminal(two_by_two(), {.color = ColorMode::kTrueColor, .charset = Charset::kUtf8});
  const std::vector<std::string> lines = lines_of(text);
  REQUIRE(lines.size() == 10);
  CHECK(lines[0] == "\x1b[0;1mT\x1b[0m");
  CHECK(lines[1] == "\x1b[0;2mrun r · step 1\x1b[0m");
  // The ends of cividis: 0 is (0, 34, 78), 1 is (254, 232, 56).
  CHECK(lines[6] == "\x1b[0;2m0\x1b[0m a \x1b[0;48;2;0;34;78m  \x1b[0;48;2;254;232;56m  \x1b[0m");
  CHECK(lines[7] == "\x1b[0;2m1\x1b[0m b \x1b[0;48;2;254;232;56m  \x1b[0;48;2;0;34;78m  \x1b[0m");
}

TEST_CASE("In 256 colours each cell has the nearest entry of the fixed palette") {
  const std::vector<std::string> lines =
      lines_of(render_terminal(two_by_two(), {.color = ColorMode::kPalette, .colormap = "grey"}));
  // Black and white are entries 16 and 231 of the cube.
  CHECK(lines[6] == "\x1b[0;2m0\x1b[0m a \x1b[0;48;5;16m  \x1b[0;48;5;231m  \x1b[0m");
}

TEST_CASE("Colours of the palette are their own nearest entries") {
  CHECK(nearest_palette_entry({0, 0, 0}) == 16);
  CHECK(nearest_palette_entry({255, 255, 255}) == 231);
  CHECK(nearest_palette_entry({255, 0, 0}) == 196);      // 16 + 36 * 5
  CHECK(nearest_palette_entry({95, 135, 175}) == 67);    // 16 + 36 * 1 + 6 * 2 + 3
  CHECK(nearest_palette_entry({128, 128, 128}) == 244);  // 232 + (128 - 8) / 10
  CHECK(nearest_palette_entry({127, 128, 129}) == 244);
}

TEST_CASE("Compact cells put two rows into one line of half blocks") {
  AttentionMap map = two_by_two();
  map.rows = 3;
  map.weights = {0, 1, 1, 0, 1, 0};
  map.hidden = {0, 0, 0, 1, 0, 1};
  map.row_labels.clear();
  const std::vector<std::string> lines = lines_of(render_terminal(
      map, {.color = ColorMode::kTrueColor, .charset = Charset::kUtf8, .colormap = "grey", .compact = true}));
  REQUIRE(lines.size() == 11);
  CHECK(lines[6] == "\x1b[0;2m0\x1b[0m \x1b[0;38;2;0;0;0;48;2;255;255;255m▀\x1b[0;38;2;255;255;255m▀\x1b[0m");
  CHECK(lines[7] == "\x1b[0;2m2\x1b[0m \x1b[0;38;2;255;255;255m▀\x1b[0;2m·\x1b[0m");
  CHECK(shows(lines[10], "two rows per line"));
}

TEST_CASE("Hidden cells, NaN and infinity have marks of their own in colour") {
  AttentionMap map = two_by_two();
  map.weights = {0, kNanWeight, kInfiniteWeight, 0};
  map.hidden = {0, 0, 0, 1};
  const std::string text =
      without_color(render_terminal(map, {.color = ColorMode::kTrueColor, .charset = Charset::kUtf8}));
  const std::vector<std::string> lines = lines_of(text);
  CHECK(lines[6] == "0 a   ××");
  CHECK(lines[7] == "1 b II··");
  CHECK(shows(lines[9], "·· hidden  ×× NaN  II infinite"));
}

TEST_CASE("Values are printed where there is room, and a note says where there is not") {
  AttentionMap map = two_by_two();
  map.weights = {0.25F, 0.75F, 0.001F, 1};
  const std::vector<std::string> lines = lines_of(render_terminal(map, {.values = true}));
  CHECK(lines[6] == "0 a  0.25 0.75");
  CHECK(lines[7] == "1 b  <.01 1.00");
  const std::string narrow = render_terminal(map, {.width = 12, .values = true});
  CHECK(shows(narrow, "values left out: 2 columns need a width of 14, the terminal has 12"));
}

TEST_CASE("The rows of cells never exceed the width of the terminal") {
  for (const std::size_t size : {1U, 7U, 37U, 38U, 39U, 77U, 78U, 200U}) {
    for (const ColorMode mode : {ColorMode::kNone, ColorMode::kPalette, ColorMode::kTrueColor}) {
      for (const Charset charset : {Charset::kAscii, Charset::kUtf8}) {
        const std::string text = render_terminal(identity(size), {.color = mode, .charset = charset, .width = 80});
        for (const std::string& line : lines_of(without_color(text))) CHECK(display_width(line) <= 80);
        // Two digits and a space before the cells leave 77 columns.
        CHECK(shows(text, "each cell is the maximum of") == (size > 77));
      }
    }
  }
}

TEST_CASE("Hostile tokens and titles send no control character but colours") {
  AttentionMap map = two_by_two();
  map.title = "\x1b]0;owned\x07";
  map.subtitle = "\r\n\x9b";
  map.row_axis = "\x1b[2J";
  // NOLINTNEXTLINE(misc-misleading-bidirectional): the override is what the test is about
  map.row_labels = {"\x1b[31mred", "\xe2\x80\xae\xff"};
  map.col_labels = {"\x08\x08", "\xc2\x85"};
  for (const ColorMode mode : {ColorMode::kNone, ColorMode::kTrueColor}) {
    for (const Charset charset : {Charset::kAscii, Charset::kUtf8}) {
      const std::string text = render_terminal(map, {.color = mode, .charset = charset});
      if (mode == ColorMode::kNone) CHECK_FALSE(shows(text, "\x1b"));
      for (const char32_t code : code_points(without_color(text))) {
        CHECK((code == U'\n' || (code >= U' ' && code != 0x7F && (code < 0x80 || code > 0x9F))));
        CHECK(code != 0x202E);
        CHECK(code != 0xFFFD);
        if (charset == Charset::kAscii) CHECK(code < 0x80);
      }
    }
  }
}

TEST_CASE("Long and wide tokens keep rows and columns aligned") {
  AttentionMap map = two_by_two();
  map.row_labels = {"a very long token indeed", "中文"};
  map.col_labels = {"中", "e\xcc\x81"};
  const std::vector<std::string> lines = lines_of(render_terminal(map, {.charset = Charset::kUtf8}));
  CHECK(lines[5] == "                   中e\xcc\x81");
  CHECK(lines[6] == "0 a␠very␠long␠tok…   @@");
  CHECK(lines[7] == "1 中文             @@");
}

TEST_CASE("Several maps stand side by side as far as the terminal is wide") {
  AttentionMap map = two_by_two();
  map.subtitle.clear();
  map.row_axis = "q";
  map.col_axis = "k";
  // A tile is as wide as its legend, "0 [ .:-=+*#%@] 1  linear": 24 columns; two and the gap of 3 need 51.
  CHECK(lines_of(render_terminal({map, map}, {.width = 51})).size() == 9);
  CHECK(lines_of(render_terminal({map, map}, {.width = 50})).size() == 19);
  CHECK(lines_of(render_terminal({map, map}, {.width = 51}))[0] == "T                          T");
}

TEST_CASE("An empty map is refused before anything is drawn") {
  CHECK_THROWS_WITH(
      render_terminal(AttentionMap{}, {}),
      "render_terminal: the map has no cells; rows and columns (0, 0); record at least one query and one key");
  CHECK(render_terminal(std::vector<AttentionMap>{}, {}).empty());
}
