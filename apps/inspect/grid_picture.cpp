#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "apps/inspect/picture.h"
#include "apps/inspect/picture_parts.h"
#include "apps/inspect/png.h"
#include "apps/inspect/svg.h"
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

/// Sizes that follow from the grid; all in pixels.
class GridLayout {
 public:
  /// The grid must outlive this.
  explicit GridLayout(const AttentionGrid& grid)
      : grid_(grid), columns_(static_cast<int>(grid.col_names.size())), rows_(static_cast<int>(grid.row_names.size())) {
    const int room = std::clamp((kGridPixels + kThumbGap) / columns_ - kThumbGap, kSmallestThumb, kLargestThumb);
    const std::size_t factor =
        (longest_side(grid.maps) + static_cast<std::size_t>(room) - 1) / static_cast<std::size_t>(room);
    bool titled = false;
    for (const AttentionMap& map : grid.maps) maps_.push_back(max_pool(map, factor));
    cell_ = std::min(room / static_cast<int>(longest_side(maps_)), kGridLargestCell);
    for (const AttentionMap& map : maps_) {
      thumb_width_ = std::max(thumb_width_, static_cast<int>(map.cols) * cell_ - cell_gap(cell_));
      thumb_height_ = std::max(thumb_height_, static_cast<int>(map.rows) * cell_ - cell_gap(cell_));
      titled = titled || !map.title.empty();
    }
    title_height_ = titled ? small_.cap_height + kGridTitleGap : 0;
    std::size_t name_lines = 1;
    for (const std::string& name : grid.row_names) {
      constexpr std::array<std::string_view, 2> kWords = {", ", " "};
      row_names_.push_back(wrap_text(text_, visible_line(name, Charset::kUtf8), kWords, thumb_height_));
      name_lines = std::max(name_lines, row_names_.back().size());
    }
    left_ = static_cast<int>(name_lines) * line_height() + kNameGap;
    columns_width_ = columns_ * (thumb_width_ + kThumbGap) - kThumbGap;
    bar_ = bar_map(maps_);
    const int content = std::max(left_ + columns_width_ + kGridBarGap + color_bar_width(bar_), 480);
    const std::string pooled =
        factor > 1 ? fmt::format(" · each cell is the maximum of {} × {}", factor, factor) : std::string();
    heading_ = make_heading(grid.title, grid.subtitle + pooled, content);
    names_y_ = kMargin + heading_.height + (heading_.height > 0 ? kGridHeadingGap : 0) + text_.cap_height;
    bottom_ = top() + rows_ * row_pitch() - kThumbGap;
    bar_height_ = std::max(bottom_ - top() - title_height_, 160);
    const int legend = mark_legend_height(maps_);
    width = kMargin + content + kMargin;
    height =
        std::max(bottom_ + (legend > 0 ? kGridLegendGap + legend : 0), top() + title_height_ + bar_height_) + kMargin;
  }

  void paint(Surface& surface, const PictureStyle& style) const {
    const Colormap shades = colormap(style.colormap, style.theme);
    const Inks& colors = inks(style.theme);
    draw_heading(surface, heading_, kMargin, kMargin, colors);
    for (int column = 0; column < columns_; ++column) {
      const std::string name = visible_line(grid_.col_names[static_cast<std::size_t>(column)], Charset::kUtf8);
      surface.text(text_, thumb_x(column) + thumb_width_ / 2, names_y_, fit_text(text_, name, thumb_width_),
                   colors.muted, TextAlign::kCenter);
    }
    for (int row = 0; row < rows_; ++row) paint_row(surface, row, shades, colors);
    draw_color_bar(surface, bar_, kMargin + left_ + columns_width_ + kGridBarGap, top() + title_height_, bar_height_,
                   shades, colors);
    draw_mark_legend(surface, maps_, kMargin + left_, bottom_ + kGridLegendGap, colors);
  }

  int width = 0;
  int height = 0;

 private:
  int line_height() const { return text_.cap_height + text_.descent; }
  int top() const { return names_y_ + kNameGap; }
  int row_pitch() const { return title_height_ + thumb_height_ + kThumbGap; }
  int thumb_x(int column) const { return kMargin + left_ + column * (thumb_width_ + kThumbGap); }

  void paint_row(Surface& surface, int row, const Colormap& shades, const Inks& colors) const {
    const int y = top() + row * row_pitch() + title_height_;
    int baseline = kMargin + text_.cap_height;
    for (const std::string& line : row_names_[static_cast<std::size_t>(row)]) {
      surface.text(text_, baseline, y + thumb_height_ / 2, line, colors.muted, TextAlign::kCenter, Direction::kUp);
      baseline += line_height();
    }
    for (int column = 0; column < columns_; ++column) {
      const AttentionMap& map =
          maps_[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(column)];
      const std::string title = fit_text(small_, visible_line(map.title, Charset::kUtf8), thumb_width_);
      surface.text(small_, thumb_x(column), y - kGridTitleGap, title, colors.ink);
      draw_cells(surface, map, thumb_x(column), y, cell_, shades, colors);
    }
  }

  const AttentionGrid& grid_;
  const Font& text_ = font(FontName::kText);
  const Font& small_ = font(FontName::kSmall);
  int columns_;
  int rows_;
  std::vector<AttentionMap> maps_{};
  AttentionMap bar_{};
  std::vector<std::vector<std::string>> row_names_{};  // of each row, its lines
  Heading heading_{};
  int cell_ = 0;
  int thumb_width_ = 0;
  int thumb_height_ = 0;
  int title_height_ = 0;
  int left_ = 0;
  int columns_width_ = 0;
  int names_y_ = 0;
  int bottom_ = 0;
  int bar_height_ = 0;
};

}  // namespace

Canvas draw_grid(const AttentionGrid& grid, const PictureStyle& style) {
  check_grid(grid);
  const GridLayout layout(grid);
  Canvas canvas(layout.width, layout.height, inks(style.theme).paper);
  layout.paint(canvas, style);
  return canvas;
}

std::string render_svg(const AttentionGrid& grid, const PictureStyle& style) {
  check_grid(grid);
  const GridLayout layout(grid);
  SvgDrawing drawing(layout.width, layout.height, inks(style.theme).paper);
  layout.paint(drawing, style);
  return drawing.file(map_texts(grid.title, grid.subtitle, grid.maps[0].scale));
}

std::string render_png(const AttentionGrid& grid, const PictureStyle& style) {
  const Canvas canvas = draw_grid(grid, style);
  return encode_png(canvas, map_texts(grid.title, grid.subtitle, grid.maps[0].scale));
}

}  // namespace headlight
