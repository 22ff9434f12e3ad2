#include <fmt/format.h>

#include <algorithm>

#include "apps/inspect/picture.h"
#include "apps/inspect/picture_parts.h"
#include "apps/inspect/png.h"
#include "apps/inspect/token_text.h"
#include "core/error.h"

namespace headlight {
namespace {

constexpr int kGridPixels = 1120;  // that all columns together aim at
constexpr int kLargestThumb = 300;
constexpr int kSmallestThumb = 64;
constexpr int kGridLargestCell = 48;
constexpr int kThumbGap = 22;
constexpr int kNameGap = 14;
constexpr int kGridTitleGap = 8;
constexpr int kGridHeadingGap = 32;
constexpr int kGridBarGap = 34;
constexpr int kGridLegendGap = 26;

void check_grid(const AttentionGrid& grid) {
  const std::size_t places = grid.row_names.size() * grid.col_names.size();
  if (places == 0 || grid.maps.size() != places) {
    raise<ShapeError>("draw_grid", "the maps do not fill the grid",
                      fmt::format("{} maps for {} x {} places", grid.maps.size(), grid.row_names.size(),
                                  grid.col_names.size()),
                      "pass one map per row name and column name");
  }
  for (const AttentionMap& map : grid.maps) {
    check(map, "draw_grid");
    if (map.scale != grid.maps[0].scale) {
      raise<ConfigError>("draw_grid", "the maps have different scales",
                         fmt::format("{} and {}", scale_name(grid.maps[0].scale), scale_name(map.scale)),
                         "give all maps of a grid one scale");
    }
  }
}

/// The longest side of all maps, in cells.
std::size_t longest_side(const std::vector<AttentionMap>& maps) {
  std::size_t longest = 1;
  for (const AttentionMap& map : maps) longest = std::max({longest, map.rows, map.cols});
  return longest;
}

/// What the common colour bar is drawn from: where each map has its own maximum, the ticks are shares of it.
AttentionMap bar_map(const std::vector<AttentionMap>& maps) {
  AttentionMap bar;
  bar.rows = 1;
  bar.cols = 1;
  bar.weights = {1.0F};
  bar.scale = maps[0].scale;
  return bar;
}

}  // namespace

Canvas draw_grid(const AttentionGrid& grid, const PictureStyle& style) {
  check_grid(grid);
  const Colormap shades = colormap(style.colormap, style.theme);
  const Inks& colors = inks(style.theme);
  const Font& text = font(FontName::kText);
  const Font& small = font(FontName::kSmall);

  const auto columns = static_cast<int>(grid.col_names.size());
  const auto rows = static_cast<int>(grid.row_names.size());
  const int room = std::clamp((kGridPixels + kThumbGap) / columns - kThumbGap, kSmallestThumb, kLargestThumb);
  const std::size_t factor =
      (longest_side(grid.maps) + static_cast<std::size_t>(room) - 1) / static_cast<std::size_t>(room);
  std::vector<AttentionMap> maps;
  for (const AttentionMap& map : grid.maps) maps.push_back(max_pool(map, factor));
  const int cell = std::min(room / static_cast<int>(longest_side(maps)), kGridLargestCell);
  int thumb_width = 0;
  int thumb_height = 0;
  bool titled = false;
  for (const AttentionMap& map : maps) {
    thumb_width = std::max(thumb_width, static_cast<int>(map.cols) * cell - cell_gap(cell));
    thumb_height = std::max(thumb_height, static_cast<int>(map.rows) * cell - cell_gap(cell));
    titled = titled || !map.title.empty();
  }
  const int title_height = titled ? small.cap_height + kGridTitleGap : 0;
  const int left = text.cap_height + text.descent + kNameGap;
  const int columns_width = columns * (thumb_width + kThumbGap) - kThumbGap;
  const int row_pitch = title_height + thumb_height + kThumbGap;
  const AttentionMap bar = bar_map(maps);
  const int content = std::max(left + columns_width + kGridBarGap + color_bar_width(bar), 480);
  const std::string pooled =
      factor > 1 ? fmt::format(" · each cell is the maximum of {} × {}", factor, factor) : std::string();
  const Heading heading = make_heading(grid.title, grid.subtitle + pooled, content);
  const int names_y = kMargin + heading.height + (heading.height > 0 ? kGridHeadingGap : 0) + text.cap_height;
  const int top = names_y + kNameGap;
  const int bottom = top + rows * row_pitch - kThumbGap;
  const int bar_height = std::max(bottom - top - title_height, 160);
  const int legend = mark_legend_height(maps);
  const int height =
      std::max(bottom + (legend > 0 ? kGridLegendGap + legend : 0), top + title_height + bar_height) + kMargin;

  Canvas canvas(kMargin + content + kMargin, height, colors.paper);
  draw_heading(canvas, heading, kMargin, kMargin, colors);
  for (int column = 0; column < columns; ++column) {
    const int middle = kMargin + left + column * (thumb_width + kThumbGap) + thumb_width / 2;
    const std::string name = visible_line(grid.col_names[static_cast<std::size_t>(column)], Charset::kUtf8);
    canvas.text(text, middle, names_y, fit_text(text, name, thumb_width), colors.muted, TextAlign::kCenter);
  }
  for (int row = 0; row < rows; ++row) {
    const int y = top + row * row_pitch + title_height;
    const std::string name = visible_line(grid.row_names[static_cast<std::size_t>(row)], Charset::kUtf8);
    canvas.text(text, kMargin + text.cap_height, y + thumb_height / 2, fit_text(text, name, thumb_height), colors.muted,
                TextAlign::kCenter, Direction::kUp);
    for (int column = 0; column < columns; ++column) {
      const AttentionMap& map =
          maps[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)];
      const int x = kMargin + left + column * (thumb_width + kThumbGap);
      const std::string title = fit_text(small, visible_line(map.title, Charset::kUtf8), thumb_width);
      canvas.text(small, x, y - kGridTitleGap, title, colors.ink);
      draw_cells(canvas, map, x, y, cell, shades, colors);
    }
  }
  draw_color_bar(canvas, bar, kMargin + left + columns_width + kGridBarGap, top + title_height, bar_height, shades,
                 colors);
  draw_mark_legend(canvas, maps, kMargin + left, bottom + kGridLegendGap, colors);
  return canvas;
}

std::string render_png(const AttentionGrid& grid, const PictureStyle& style) {
  const Canvas canvas = draw_grid(grid, style);
  return encode_png(canvas, png_texts(grid.title, grid.subtitle, grid.maps[0].scale));
}

}  // namespace headlight
