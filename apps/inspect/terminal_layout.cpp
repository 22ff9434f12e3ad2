#include "apps/inspect/terminal_layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace headlight {
namespace {

constexpr std::size_t kSquareCell = 2;  // characters are about twice as high as wide
constexpr std::size_t kValueCell = 5;   // a space and the four characters of short_number
constexpr std::size_t kWidestQuery = 16;

void measure_gutter(TerminalLayout& layout, const TerminalStyle& style) {
  layout.query_width = 0;
  for (const std::string& label : layout.map.row_labels) {
    layout.query_width = std::max(layout.query_width, display_width(visible_token(label, style.charset)));
  }
  layout.query_width = std::min({layout.query_width, kWidestQuery, style.width / 4});
  layout.index_width = position_label(layout.map, layout.map.rows - 1).size();
  layout.gutter = layout.index_width + 1 + (layout.query_width > 0 ? layout.query_width + 1 : 0);
}

}  // namespace

TerminalLayout lay_out(const AttentionMap& map, const TerminalStyle& style) {
  TerminalLayout layout;
  layout.map = map;
  measure_gutter(layout, style);
  const std::size_t room = style.width > layout.gutter ? style.width - layout.gutter : 1;
  layout.values = style.values && map.cols * kValueCell <= room;
  if (layout.values) {
    layout.cell = kValueCell;
    return layout;
  }
  if (style.values) {
    layout.notes.push_back(fmt::format("values left out: {} columns need a width of {}, the terminal has {}", map.cols,
                                       layout.gutter + map.cols * kValueCell, style.width));
  }
  layout.cell = style.compact || map.cols * kSquareCell > room ? 1 : kSquareCell;
  if (map.cols > room) {
    const std::size_t factor = (map.cols + room - 1) / room;
    layout.notes.push_back(fmt::format("{} x {} positions do not fit: each cell is the maximum of {} x {}", map.rows,
                                       map.cols, factor, factor));
    layout.map = max_pool(map, factor);
    measure_gutter(layout, style);
  }
  layout.half_blocks = layout.cell == 1 && style.color != ColorMode::kNone && style.charset == Charset::kUtf8;
  if (layout.half_blocks) layout.notes.emplace_back("two rows per line; the label names the upper one");
  return layout;
}

std::string position_label(const AttentionMap& map, std::size_t index) { return fmt::format("{}", index * map.stride); }

}  // namespace headlight
