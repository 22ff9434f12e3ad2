#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apps/inspect/picture.h"
#include "apps/inspect/picture_parts.h"
#include "apps/inspect/png.h"
#include "apps/inspect/svg.h"
#include "apps/inspect/token_text.h"

namespace headlight {
namespace {

constexpr std::size_t kMostCells = 256;  // per side; larger maps are pooled
constexpr int kLargestCell = 96;
constexpr int kSmallestCell = 4;
constexpr int kSmallestLabelled = 15;  // pixels per label; where cells are smaller, labels thin out
constexpr int kSmallestValueCell = 36;
constexpr int kLongestToken = 150;  // pixels
constexpr int kLabelGap = 10;
constexpr int kAxisGap = 16;
constexpr int kHeadingGap = 34;
constexpr int kBarGap = 36;
constexpr int kLegendGap = 24;

/// Sizes that follow from the map; all in pixels.
class Layout {
 public:
  Layout(const AttentionMap& map, int side) : map_(map) {
    const auto longest = static_cast<int>(std::max(map.rows, map.cols));
    cell = std::clamp(side / longest, kSmallestCell, kLargestCell);
    for (const std::size_t every : {1U, 2U, 5U, 10U}) {
      label_every = every;
      if (cell * static_cast<int>(every) >= kSmallestLabelled) break;
    }
    tokens = &font(cell >= 28 ? FontName::kText : cell >= 20 ? FontName::kSmall : FontName::kTiny);
    positions = &font(cell >= 24 ? FontName::kSmall : FontName::kTiny);
    measure(map.row_labels, map.rows, row_token, row_position);
    measure(map.col_labels, map.cols, col_token, col_position);
    const int room = cell * static_cast<int>(label_every) - 6;
    upright_tokens = col_token <= room;
    upright_positions = col_position <= room;
    matrix_width = static_cast<int>(map.cols) * cell - cell_gap(cell);
    matrix_height = static_cast<int>(map.rows) * cell - cell_gap(cell);
  }

  int col_token_height() const { return upright_tokens ? tokens->cap_height : col_token; }
  int col_position_height() const { return upright_positions ? positions->cap_height : col_position; }
  /// From the left margin to the matrix: axis name, positions, tokens.
  int left() const {
    const Font& text = font(FontName::kText);
    return text.cap_height + text.descent + kAxisGap + row_position + (row_token > 0 ? kLabelGap + row_token : 0) +
           kLabelGap;
  }
  /// From the lower end of the heading to the matrix: axis name, positions, tokens.
  int above() const {
    return font(FontName::kText).cap_height + kAxisGap + col_position_height() +
           (col_token > 0 ? kLabelGap + col_token_height() : 0) + kLabelGap;
  }

  int cell = 0;
  std::size_t label_every = 1;
  const Font* tokens = nullptr;
  const Font* positions = nullptr;
  int row_token = 0;  // widest of each kind; 0 when there are no tokens
  int row_position = 0;
  int col_token = 0;
  int col_position = 0;
  bool upright_tokens = true;  // written along the axis; otherwise upwards
  bool upright_positions = true;
  int matrix_width = 0;
  int matrix_height = 0;

 private:
  void measure(const std::vector<std::string>& labels, std::size_t size, int& token, int& position) const {
    for (const std::string& label : labels) {
      token = std::max(token, std::min(kLongestToken, text_width(*tokens, visible_token(label, Charset::kUtf8))));
    }
    position = text_width(*positions, fmt::format("{}", (size - 1) * map_.stride));
  }

  const AttentionMap& map_;
};

std::string token_text(const Layout& layout, const std::string& label) {
  return fit_text(*layout.tokens, visible_token(label, Charset::kUtf8), kLongestToken);
}

void draw_row_labels(Surface& surface, const MapPlan& plan, const Layout& layout, const Inks& colors) {
  const AttentionMap& map = plan.drawn;
  const int token_x = plan.matrix.x - kLabelGap;
  const int position_x = layout.row_token > 0 ? token_x - layout.row_token - kLabelGap : token_x;
  for (std::size_t row = 0; row < map.rows; row += layout.label_every) {
    const int baseline = plan.cell_rect(row, 0).center_y() + layout.tokens->cap_height / 2;
    surface.text(*layout.positions, position_x, baseline, fmt::format("{}", row * map.stride), colors.muted,
                 TextAlign::kRight);
    if (map.row_labels.empty()) continue;
    surface.text(*layout.tokens, token_x, baseline, token_text(layout, map.row_labels[row]), colors.ink,
                 TextAlign::kRight);
  }
}

void draw_col_label(Surface& surface, const Font& face, int middle, int bottom, const std::string& text, Rgb color,
                    bool upright) {
  if (upright) {
    surface.text(face, middle, bottom, text, color, TextAlign::kCenter);
  } else {
    surface.text(face, middle + face.cap_height / 2, bottom, text, color, TextAlign::kLeft, Direction::kUp);
  }
}

void draw_col_labels(Surface& surface, const MapPlan& plan, const Layout& layout, const Inks& colors) {
  const AttentionMap& map = plan.drawn;
  const int token_y = plan.matrix.y - kLabelGap;
  const int position_y = layout.col_token > 0 ? token_y - layout.col_token_height() - kLabelGap : token_y;
  for (std::size_t col = 0; col < map.cols; col += layout.label_every) {
    const int middle = plan.cell_rect(0, col).center_x();
    draw_col_label(surface, *layout.positions, middle, position_y, fmt::format("{}", col * map.stride), colors.muted,
                   layout.upright_positions);
    if (map.col_labels.empty()) continue;
    draw_col_label(surface, *layout.tokens, middle, token_y, token_text(layout, map.col_labels[col]), colors.ink,
                   layout.upright_tokens);
  }
}

void draw_axis_names(Surface& surface, const MapPlan& plan, const Layout& layout, const Inks& colors) {
  const AttentionMap& map = plan.drawn;
  const Font& text = font(FontName::kText);
  surface.text(text, plan.matrix.center_x(), plan.matrix.y - layout.above() + text.cap_height,
               visible_line(map.col_axis, Charset::kUtf8), colors.muted, TextAlign::kCenter);
  surface.text(text, plan.matrix.x - layout.left() + text.cap_height, plan.matrix.center_y(),
               visible_line(map.row_axis, Charset::kUtf8), colors.muted, TextAlign::kCenter, Direction::kUp);
}

void draw_values(Surface& surface, const MapPlan& plan, const Colormap& shades) {
  const AttentionMap& map = plan.drawn;
  const Font& face = font(plan.cell >= 48 ? FontName::kSmall : FontName::kTiny);
  const std::vector<float> places = scale_positions(map);
  for (std::size_t row = 0; row < map.rows; ++row) {
    for (std::size_t col = 0; col < map.cols; ++col) {
      if (map.kind(row, col) != CellKind::kWeight) continue;
      const Rect rect = plan.cell_rect(row, col);
      const Rgb paper = shades.at(places[row * map.cols + col]);
      // Weights that round to zero step back, so that the others can be read.
      const Rgb ink = mix(paper, ink_on(paper), map.weight(row, col) < 0.005F ? 0.5 : 1.0);
      surface.text(face, rect.center_x(), rect.center_y() + face.cap_height / 2, short_number(map.weight(row, col)),
                   ink, TextAlign::kCenter);
    }
  }
}

int content_width(const Layout& layout, const AttentionMap& drawn) {
  return std::max(layout.left() + layout.matrix_width + kBarGap + color_bar_width(drawn), 480);
}

int bar_height(const Layout& layout) { return std::max(layout.matrix_height, 160); }

MapPlan plan_map(const AttentionMap& map, int side) {
  check(map, "draw_map");
  MapPlan plan{.drawn = max_pool(map, (std::max(map.rows, map.cols) + kMostCells - 1) / kMostCells), .matrix = {}};
  AttentionMap& drawn = plan.drawn;
  if (drawn.stride > 1) {
    drawn.subtitle += fmt::format("{}each cell is the maximum of {} × {}", drawn.subtitle.empty() ? "" : " · ",
                                  drawn.stride, drawn.stride);
  }
  const Layout layout(drawn, side);
  const int content = content_width(layout, drawn);
  const Heading heading = make_heading(drawn.title, drawn.subtitle, content);
  const int legend = mark_legend_height({drawn});
  const int matrix_y = kMargin + heading.height + (heading.height > 0 ? kHeadingGap : 0) + layout.above();
  plan.matrix = {kMargin + layout.left(), matrix_y, layout.matrix_width, layout.matrix_height};
  plan.cell = layout.cell;
  plan.width = kMargin + content + kMargin;
  plan.height = kMargin + std::max(plan.matrix.bottom() + (legend > 0 ? kLegendGap + legend : 0),
                                   plan.matrix.y + bar_height(layout));
  return plan;
}

void paint_map(Surface& surface, const MapPlan& plan, const PictureStyle& style) {
  const Colormap shades = colormap(style.colormap, style.theme);
  const Inks& colors = inks(style.theme);
  const Layout layout(plan.drawn, style.side);
  const Rect& matrix = plan.matrix;
  draw_heading(surface, make_heading(plan.drawn.title, plan.drawn.subtitle, content_width(layout, plan.drawn)), kMargin,
               kMargin, colors);
  draw_axis_names(surface, plan, layout, colors);
  draw_row_labels(surface, plan, layout, colors);
  draw_col_labels(surface, plan, layout, colors);
  draw_cells(surface, plan.drawn, matrix.x, matrix.y, plan.cell, shades, colors);
  if (style.values && plan.cell >= kSmallestValueCell) draw_values(surface, plan, shades);
  draw_color_bar(surface, plan.drawn, matrix.right() + kBarGap, matrix.y, bar_height(layout), shades, colors);
  draw_mark_legend(surface, {plan.drawn}, matrix.x, matrix.bottom() + kLegendGap, colors);
}

}  // namespace

Rect MapPlan::cell_rect(std::size_t row, std::size_t col) const {
  const int side = cell - cell_gap(cell);
  return {matrix.x + static_cast<int>(col) * cell, matrix.y + static_cast<int>(row) * cell, side, side};
}

MapPicture draw_map(const AttentionMap& map, const PictureStyle& style) {
  MapPlan plan = plan_map(map, style.side);
  Canvas canvas(plan.width, plan.height, inks(style.theme).paper);
  paint_map(canvas, plan, style);
  return {std::move(plan), std::move(canvas)};
}

std::string render_svg(const AttentionMap& map, const PictureStyle& style) {
  const MapPlan plan = plan_map(map, style.side);
  SvgDrawing drawing(plan.width, plan.height, inks(style.theme).paper);
  paint_map(drawing, plan, style);
  return drawing.file(map_texts(plan.drawn.title, plan.drawn.subtitle, map.scale));
}

std::string render_png(const AttentionMap& map, const PictureStyle& style) {
  const MapPicture picture = draw_map(map, style);
  return encode_png(picture.canvas, map_texts(picture.drawn.title, picture.drawn.subtitle, map.scale));
}

}  // namespace headlight
