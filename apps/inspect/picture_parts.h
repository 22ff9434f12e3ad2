#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/inspect/attention_map.h"
#include "apps/inspect/canvas.h"
#include "apps/inspect/colormap.h"
#include "apps/inspect/font.h"
#include "apps/inspect/png.h"

namespace headlight {

/// The colours of all that is not a weight.
struct Inks {
  Rgb paper;
  Rgb ink;       ///< titles and tokens
  Rgb muted;     ///< subtitle, positions, axis names; at least 4.5:1 on paper (WCAG 2.1, 1.4.3)
  Rgb hairline;  ///< frames and ticks
  Rgb hatch;     ///< lines of hidden cells
  Rgb alarm;     ///< NaN and infinity
};

const Inks& inks(Theme theme);

/// Free pixels around a picture.
inline constexpr int kMargin = 40;

/// The text in lines of at most `width` pixels: broken where the first separator stands, and a part that is still too
/// long where the others do. What has no such place is cut.
std::vector<std::string> wrap_text(const Font& face, const std::string& text,
                                   std::span<const std::string_view> separators, int width);

/// The lines of a title and of a subtitle.
struct Heading {
  std::vector<std::string> title;
  std::vector<std::string> lines;
  int height = 0;  ///< down to the last line's descent
};

/// Breaks the title at ", " or spaces and the subtitle at " · " and, where need be, at ", " so that no line is wider than `width`
/// pixels; cuts what has no such place.
Heading make_heading(std::string_view title, std::string_view subtitle, int width);
void draw_heading(Surface& surface, const Heading& heading, int x, int y, const Inks& colors);

/// Pixels between cells that lie `cell` pixels apart.
int cell_gap(int cell);

/// Draws the cells of a checked map, the first one at (x, y).
void draw_cells(Surface& surface, const AttentionMap& map, int x, int y, int cell, const Colormap& colors,
                const Inks& theme_inks);

/// Width of a colour bar with its ticks and the name of the scale.
int color_bar_width(const AttentionMap& map);
/// A vertical colour bar, its left upper corner at (x, top); 0 is at its lower end.
void draw_color_bar(Surface& surface, const AttentionMap& map, int x, int top, int height, const Colormap& colors,
                    const Inks& theme_inks);

/// Height of the legend of marks, 0 when `maps` hold weights only.
int mark_legend_height(const std::vector<AttentionMap>& maps);
void draw_mark_legend(Surface& surface, const std::vector<AttentionMap>& maps, int x, int y, const Inks& theme_inks);

/// Title, Description and Software of a picture; empty ones are left out.
PngTexts picture_texts(const std::string& title, const std::string& description);
/// The same of a map, whose Description is the subtitle and the scale.
PngTexts map_texts(const std::string& title, const std::string& subtitle, Scale scale);

}  // namespace headlight
