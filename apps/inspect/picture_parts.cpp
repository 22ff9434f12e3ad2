#include "apps/inspect/picture_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "apps/inspect/token_text.h"

namespace headlight {
namespace {

constexpr int kBarWidth = 22;
constexpr int kTickLength = 5;
constexpr int kTickGap = 6;
constexpr int kBarNameGap = 14;
constexpr int kSwatch = 22;
constexpr int kTitleLineGap = 14;
constexpr int kTitleGap = 18;  // from the title's baseline to the top of the subtitle
constexpr int kLineGap = 8;

constexpr Inks kLight = {paper(Theme::kLight), {27, 31, 36},    {95, 103, 112},
                         {200, 205, 211},      {203, 208, 214}, {190, 24, 54}};
constexpr Inks kDark = {paper(Theme::kDark), {236, 239, 243}, {154, 163, 174},
                        {68, 75, 84},        {62, 69, 79},    {255, 92, 118}};

std::string scale_title(const AttentionMap& map) { return fmt::format("weight ({})", scale_name(map.scale)); }

int widest_tick(const AttentionMap& map) {
  int widest = 0;
  for (const ScaleTick& tick : scale_ticks(map)) {
    widest = std::max(widest, text_width(font(FontName::kSmall), tick.label));
  }
  return widest;
}

bool has(const std::vector<AttentionMap>& maps, CellKind kind) {
  for (const AttentionMap& map : maps) {
    for (std::size_t row = 0; row < map.rows; ++row) {
      for (std::size_t col = 0; col < map.cols; ++col) {
        if (map.kind(row, col) == kind) return true;
      }
    }
  }
  return false;
}

/// A hairline `gap` pixels outside the cells or the bar, whose lightest colour may be the paper's own.
void draw_outline(Surface& surface, const Rect& inside, int gap, const Inks& theme_inks) {
  const int away = gap + 1;
  surface.frame({inside.x - away, inside.y - away, inside.width + 2 * away, inside.height + 2 * away},
                theme_inks.hairline);
}

void draw_mark(Surface& surface, const Rect& rect, CellKind kind, const Inks& theme_inks) {
  if (kind == CellKind::kHidden) {
    surface.hatch(rect, theme_inks.hatch);
    return;
  }
  surface.fill(rect, mix(theme_inks.paper, theme_inks.alarm, 0.12));
  if (kind == CellKind::kNan) {
    surface.cross(rect, theme_inks.alarm);
    return;
  }
  const int stroke = std::max(1, rect.width / 12);
  const int length = std::max(1, rect.height / 2);
  surface.fill({rect.center_x() - stroke / 2, rect.center_y() - length / 2, stroke, length}, theme_inks.alarm);
}

}  // namespace

const Inks& inks(Theme theme) { return theme == Theme::kLight ? kLight : kDark; }

std::vector<std::string> wrap_text(const Font& face, const std::string& text,
                                   std::span<const std::string_view> separators, int width) {
  if (separators.empty()) return {fit_text(face, text, width)};
  const std::string_view separator = separators.front();
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const std::string longer = parts.empty() ? part : fmt::format("{}{}{}", parts.back(), separator, part);
    if (parts.empty() || text_width(face, longer) > width) {
      if (!parts.empty() && separator == ", ") parts.back() += ',';
      parts.push_back(part);
    } else {
      parts.back() = longer;
    }
    begin = end + separator.size();
  }
  std::vector<std::string> lines;
  for (const std::string& part : parts) {
    if (text_width(face, part) <= width) {
      lines.push_back(part);
      continue;
    }
    for (std::string& line : wrap_text(face, part, separators.subspan(1), width)) lines.push_back(std::move(line));
  }
  return lines;
}

Heading make_heading(std::string_view title, std::string_view subtitle, int width) {
  const Font& large = font(FontName::kTitle);
  const Font& text = font(FontName::kText);
  Heading heading;
  constexpr std::array<std::string_view, 2> kWords = {", ", " "};
  constexpr std::array<std::string_view, 2> kFacts = {" · ", ", "};
  heading.title = wrap_text(large, visible_line(title, Charset::kUtf8), kWords, width);
  heading.lines = wrap_text(text, visible_line(subtitle, Charset::kUtf8), kFacts, width);
  const auto titles = static_cast<int>(heading.title.size());
  const auto lines = static_cast<int>(heading.lines.size());
  if (titles > 0) heading.height += titles * (large.cap_height + kTitleLineGap) - kTitleLineGap;
  if (lines > 0) heading.height += kTitleGap + lines * (text.cap_height + kLineGap) - kLineGap + text.descent;
  return heading;
}

void draw_heading(Surface& surface, const Heading& heading, int x, int y, const Inks& colors) {
  const Font& large = font(FontName::kTitle);
  const Font& text = font(FontName::kText);
  for (const std::string& line : heading.title) {
    y += large.cap_height;
    surface.text(large, x, y, line, colors.ink);
    y += kTitleLineGap;
  }
  if (!heading.title.empty()) y -= kTitleLineGap;
  y += kTitleGap;
  for (const std::string& line : heading.lines) {
    y += text.cap_height;
    surface.text(text, x, y, line, colors.muted);
    y += kLineGap;
  }
}

int cell_gap(int cell) { return cell >= 24 ? 2 : cell >= 10 ? 1 : 0; }

void draw_cells(Surface& surface, const AttentionMap& map, int x, int y, int cell, const Colormap& colors,
                const Inks& theme_inks) {
  const std::vector<float> positions = scale_positions(map);
  const int gap = cell_gap(cell);
  draw_outline(surface, {x, y, static_cast<int>(map.cols) * cell - gap, static_cast<int>(map.rows) * cell - gap}, gap,
               theme_inks);
  if (map.rows * map.cols > surface.most_cells()) {
    Canvas pixels(static_cast<int>(map.cols), static_cast<int>(map.rows), theme_inks.paper);
    for (std::size_t row = 0; row < map.rows; ++row) {
      for (std::size_t col = 0; col < map.cols; ++col) {
        const CellKind kind = map.kind(row, col);
        const Rgb mark = kind == CellKind::kHidden ? theme_inks.hatch : theme_inks.alarm;
        pixels.fill({static_cast<int>(col), static_cast<int>(row), 1, 1},
                    kind == CellKind::kWeight ? colors.at(positions[row * map.cols + col]) : mark);
      }
    }
    surface.picture({x, y, static_cast<int>(map.cols) * cell, static_cast<int>(map.rows) * cell}, pixels);
    return;
  }
  const int side = cell - gap;
  for (std::size_t row = 0; row < map.rows; ++row) {
    for (std::size_t col = 0; col < map.cols; ++col) {
      const Rect rect = {x + static_cast<int>(col) * cell, y + static_cast<int>(row) * cell, side, side};
      const CellKind kind = map.kind(row, col);
      if (kind == CellKind::kWeight) {
        surface.fill(rect, colors.at(positions[row * map.cols + col]));
      } else {
        draw_mark(surface, rect, kind, theme_inks);
      }
    }
  }
}

int color_bar_width(const AttentionMap& map) {
  const Font& small = font(FontName::kSmall);
  return kBarWidth + kTickLength + kTickGap + widest_tick(map) + kBarNameGap + small.cap_height + small.descent;
}

void draw_color_bar(Surface& surface, const AttentionMap& map, int x, int top, int height, const Colormap& colors,
                    const Inks& theme_inks) {
  for (int row = 0; row < height; ++row) {
    const float position = 1.0F - static_cast<float>(row) / static_cast<float>(std::max(1, height - 1));
    surface.fill({x, top + row, kBarWidth, 1}, colors.at(position));
  }
  draw_outline(surface, {x, top, kBarWidth, height}, 0, theme_inks);
  const Font& small = font(FontName::kSmall);
  for (const ScaleTick& tick : scale_ticks(map)) {
    const int y = top + static_cast<int>(std::lround((1.0F - tick.position) * static_cast<float>(height - 1)));
    surface.fill({x + kBarWidth, y, kTickLength, 1}, theme_inks.muted);
    surface.text(small, x + kBarWidth + kTickLength + kTickGap, y + small.cap_height / 2, tick.label, theme_inks.muted);
  }
  const int baseline = x + kBarWidth + kTickLength + kTickGap + widest_tick(map) + kBarNameGap + small.cap_height;
  surface.text(small, baseline, top + height / 2, fit_text(small, scale_title(map), height), theme_inks.muted,
               TextAlign::kCenter, Direction::kUp);
}

int mark_legend_height(const std::vector<AttentionMap>& maps) {
  const bool any = has(maps, CellKind::kHidden) || has(maps, CellKind::kNan) || has(maps, CellKind::kInfinite);
  return any ? kSwatch : 0;
}

void draw_mark_legend(Surface& surface, const std::vector<AttentionMap>& maps, int x, int y, const Inks& theme_inks) {
  struct Entry {
    CellKind kind;
    std::string_view meaning;
  };
  constexpr std::array<Entry, 3> kEntries = {
      {{CellKind::kHidden, "hidden by the mask"}, {CellKind::kNan, "not a number"}, {CellKind::kInfinite, "infinite"}}};
  const Font& small = font(FontName::kSmall);
  for (const Entry& entry : kEntries) {
    if (!has(maps, entry.kind)) continue;
    const Rect swatch = {x, y, kSwatch, kSwatch};
    draw_mark(surface, swatch, entry.kind, theme_inks);
    surface.frame(swatch, theme_inks.hairline);
    surface.text(small, swatch.right() + 10, swatch.center_y() + small.cap_height / 2, entry.meaning, theme_inks.muted);
    x += kSwatch + 10 + text_width(small, entry.meaning) + 28;
  }
}

PngTexts picture_texts(const std::string& title, const std::string& description) {
  PngTexts texts;
  if (!title.empty()) texts.emplace_back("Title", visible_line(title, Charset::kUtf8));
  if (!description.empty()) texts.emplace_back("Description", visible_line(description, Charset::kUtf8));
  texts.emplace_back("Software", "Headlight " HEADLIGHT_VERSION);
  return texts;
}

PngTexts map_texts(const std::string& title, const std::string& subtitle, Scale scale) {
  return picture_texts(title, fmt::format("{}{}{} scale", subtitle, subtitle.empty() ? "" : " · ", scale_name(scale)));
}

}  // namespace headlight
