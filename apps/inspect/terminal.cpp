#include "apps/inspect/terminal.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/inspect/ansi.h"
#include "apps/inspect/terminal_layout.h"

namespace headlight {
namespace {

constexpr std::size_t kTallestKey = 12;  // lines that the key tokens may take
constexpr std::size_t kBarCells = 32;
constexpr std::size_t kTileGap = 3;
constexpr std::string_view kRamp = " .:-=+*#%@";

/// A map prepared for one style, and the lines that show it.
class Picture {
 public:
  Picture(const AttentionMap& map, const TerminalStyle& style)
      : style_(style),
        colormap_(headlight::colormap(style.colormap, style.theme)),
        layout_(lay_out(map, style)),
        map_(layout_.map),
        positions_(scale_positions(map_)) {
    add_heading();
    add_key_labels();
    if (layout_.half_blocks) {
      for (std::size_t row = 0; row < map_.rows; row += 2) add_row_pair(row);
    } else {
      for (std::size_t row = 0; row < map_.rows; ++row) add_row(row);
    }
    add_legend();
  }

  const std::vector<StyledLine>& lines() const { return lines_; }

 private:
  bool utf8() const { return style_.charset == Charset::kUtf8; }
  bool colored() const { return style_.color != ColorMode::kNone; }
  StyledLine& new_line() { return lines_.emplace_back(style_.color); }

  void add_heading() {
    if (!map_.title.empty()) new_line().append(visible_line(map_.title, style_.charset), {.bold = true});
    if (!map_.subtitle.empty()) new_line().append(visible_line(map_.subtitle, style_.charset), {.dim = true});
    new_line().append(fmt::format("rows: {}, columns: {}", visible_line(map_.row_axis, style_.charset),
                                  visible_line(map_.col_axis, style_.charset)),
                      {.dim = true});
    new_line();
  }

  void add_key_labels() {
    std::vector<std::vector<std::string>> positions(map_.cols);
    for (std::size_t col = 0; col < map_.cols; ++col) positions[col] = graphemes(position_label(map_, col));
    add_stacked(positions, {.dim = true});
    if (map_.col_labels.empty()) return;
    std::vector<std::string> tokens;
    std::size_t widest = 0;
    for (const std::string& label : map_.col_labels) {
      tokens.push_back(visible_token(label, style_.charset));
      widest = std::max(widest, display_width(tokens.back()));
    }
    std::vector<std::vector<std::string>> stacks(map_.cols);
    for (std::size_t col = 0; col < map_.cols; ++col) {
      stacks[col] = widest < layout_.cell ? std::vector<std::string>{tokens[col]} : stack_of(tokens[col]);
    }
    add_stacked(stacks, {});
  }

  /// The characters of a token from top to bottom, cut to kTallestKey; a character too wide for a cell becomes `?`.
  std::vector<std::string> stack_of(const std::string& token) const {
    std::vector<std::string> stack = graphemes(token);
    if (stack.size() > kTallestKey) {
      stack.resize(kTallestKey);
      stack.back() = std::string(utf8() ? "…" : "~");
    }
    for (std::string& part : stack) {
      if (display_width(part) > layout_.cell) part.assign(1, '?');
    }
    return stack;
  }

  /// One stack of characters above each column, standing on the cells.
  void add_stacked(const std::vector<std::vector<std::string>>& stacks, const TextStyle& style) {
    std::size_t height = 0;
    for (const auto& stack : stacks) height = std::max(height, stack.size());
    for (std::size_t level = height; level-- > 0;) {
      StyledLine& line = new_line();
      line.fill_to(layout_.gutter);
      for (const auto& stack : stacks) {
        const std::string part = level < stack.size() ? stack[stack.size() - 1 - level] : std::string();
        line.append(layout_.values ? pad_left(part, layout_.cell, style_.charset)
                                   : pad_right(part, layout_.cell, style_.charset),
                    style);
      }
    }
  }

  void add_row_label(StyledLine& line, std::size_t row) const {
    line.append(pad_left(position_label(map_, row), layout_.index_width, style_.charset), {.dim = true});
    line.append(" ");
    if (layout_.query_width == 0) return;
    const std::string token =
        map_.row_labels.empty() ? std::string() : visible_token(map_.row_labels[row], style_.charset);
    line.append(pad_right(token, layout_.query_width, style_.charset));
    line.append(" ");
  }

  Rgb color_of(std::size_t row, std::size_t col) const { return colormap_.at(positions_[row * map_.cols + col]); }

  /// The mark of a cell that holds no weight, as wide as the cell.
  std::string mark(CellKind kind) const {
    std::string_view sign = "I";
    if (kind == CellKind::kHidden) sign = utf8() && colored() ? "·" : "/";
    if (kind == CellKind::kNan) sign = utf8() ? "×" : "x";
    if (layout_.values) return fmt::format("{:>{}}", sign, layout_.cell);
    std::string text;
    for (std::size_t i = 0; i < layout_.cell; ++i) text += sign;
    return text;
  }

  TextStyle mark_style(CellKind kind) const {
    if (kind == CellKind::kHidden) return {.dim = true};
    return {.foreground = Rgb{255, 255, 255}, .background = Rgb{200, 30, 60}, .bold = true};
  }

  void add_row(std::size_t row) {
    StyledLine& line = new_line();
    add_row_label(line, row);
    for (std::size_t col = 0; col < map_.cols; ++col) {
      const CellKind kind = map_.kind(row, col);
      if (kind != CellKind::kWeight) {
        line.append(mark(kind), mark_style(kind));
        continue;
      }
      const Rgb color = color_of(row, col);
      if (layout_.values) {
        line.append(pad_left(short_number(map_.weight(row, col)), layout_.cell, style_.charset),
                    {.foreground = ink_on(color), .background = color});
      } else if (colored()) {
        line.append(std::string(layout_.cell, ' '), {.background = color});
      } else {
        line.append(std::string(layout_.cell, shade(positions_[row * map_.cols + col])));
      }
    }
  }

  static char shade(float position) {
    return kRamp[static_cast<std::size_t>(position * static_cast<float>(kRamp.size() - 1) + 0.5F)];
  }

  /// Rows `row` and `row` + 1 in one line: the upper half of a character is the text colour, the lower the background.
  void add_row_pair(std::size_t row) {
    StyledLine& line = new_line();
    add_row_label(line, row);
    const bool has_lower = row + 1 < map_.rows;
    for (std::size_t col = 0; col < map_.cols; ++col) {
      const CellKind upper = map_.kind(row, col);
      const CellKind lower = has_lower ? map_.kind(row + 1, col) : CellKind::kHidden;
      const bool upper_wrong = upper == CellKind::kNan || upper == CellKind::kInfinite;
      const bool lower_wrong = lower == CellKind::kNan || lower == CellKind::kInfinite;
      if (upper_wrong || lower_wrong) {
        const CellKind kind = upper_wrong ? upper : lower;
        line.append(mark(kind), mark_style(kind));
      } else if (upper == CellKind::kHidden && lower == CellKind::kHidden) {
        line.append(mark(CellKind::kHidden), mark_style(CellKind::kHidden));
      } else if (upper == CellKind::kHidden) {
        line.append("▄", {.foreground = color_of(row + 1, col)});
      } else if (lower == CellKind::kHidden) {
        line.append("▀", {.foreground = color_of(row, col)});
      } else {
        line.append("▀", {.foreground = color_of(row, col), .background = color_of(row + 1, col)});
      }
    }
  }

  bool has(CellKind kind) const {
    for (std::size_t row = 0; row < map_.rows; ++row) {
      for (std::size_t col = 0; col < map_.cols; ++col) {
        if (map_.kind(row, col) == kind) return true;
      }
    }
    return false;
  }

  void add_mark_legend(StyledLine& line, CellKind kind, std::string_view meaning) const {
    if (!has(kind)) return;
    line.append("  ");
    std::string sign = mark(kind);
    sign.erase(0, sign.find_first_not_of(' '));
    line.append(sign, mark_style(kind));
    line.append(" ");
    line.append(meaning);
  }

  void add_legend() {
    new_line();
    StyledLine& line = new_line();
    const std::vector<ScaleTick> ticks = scale_ticks(map_);
    line.append(ticks.front().label);
    line.append(" ");
    if (colored()) {
      for (std::size_t i = 0; i < kBarCells; ++i) {
        line.append(" ", {.background = colormap_.at(static_cast<float>(i) / static_cast<float>(kBarCells - 1))});
      }
    } else {
      line.append(fmt::format("[{}]", kRamp));
    }
    line.append(fmt::format(" {}  {}", ticks.back().label, scale_name(map_.scale)));
    add_mark_legend(line, CellKind::kHidden, "hidden");
    add_mark_legend(line, CellKind::kNan, "NaN");
    add_mark_legend(line, CellKind::kInfinite, "infinite");
    for (const std::string& note : layout_.notes) new_line().append(note, {.dim = true});
  }

  const TerminalStyle& style_;
  Colormap colormap_;
  TerminalLayout layout_;
  const AttentionMap& map_;  // as laid out
  std::vector<float> positions_;
  std::vector<StyledLine> lines_;
};

/// Blocks of lines from `first` on that fit side by side into `width` columns; at least one.
std::size_t tiles_that_fit(const std::vector<std::size_t>& widths, std::size_t first, std::size_t width) {
  std::size_t used = widths[first];
  std::size_t count = 1;
  while (first + count < widths.size() && used + kTileGap + widths[first + count] <= width) {
    used += kTileGap + widths[first + count];
    ++count;
  }
  return count;
}

}  // namespace

std::string render_terminal(const AttentionMap& map, const TerminalStyle& style) {
  return render_terminal(std::vector<AttentionMap>{map}, style);
}

std::string render_terminal(const std::vector<AttentionMap>& maps, const TerminalStyle& style) {
  std::vector<std::vector<StyledLine>> blocks;
  std::vector<std::size_t> widths;
  for (const AttentionMap& map : maps) {
    check(map, "render_terminal");
    blocks.push_back(Picture(map, style).lines());
    std::size_t widest = 0;
    for (const StyledLine& line : blocks.back()) widest = std::max(widest, line.width());
    widths.push_back(widest);
  }
  std::string text;
  for (std::size_t first = 0; first < blocks.size();) {
    const std::size_t count = tiles_that_fit(widths, first, style.width);
    std::size_t height = 0;
    for (std::size_t tile = first; tile < first + count; ++tile) height = std::max(height, blocks[tile].size());
    if (first > 0) text += '\n';
    for (std::size_t level = 0; level < height; ++level) {
      StyledLine line(style.color);
      std::size_t left = 0;
      for (std::size_t tile = first; tile < first + count; ++tile) {
        line.fill_to(left);
        if (level < blocks[tile].size()) line.append(blocks[tile][level]);
        left += widths[tile] + kTileGap;
      }
      text += line.text() + '\n';
    }
    first += count;
  }
  return text;
}

}  // namespace headlight
