#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/inspect/attention_map.h"
#include "apps/inspect/canvas.h"
#include "apps/inspect/colormap.h"

namespace headlight {

/// How maps are drawn.
struct PictureStyle {
  Theme theme = Theme::kLight;
  std::string colormap = "cividis";
  bool values = false;  ///< write the weight into each cell of a single map, where cells have 36 pixels or more
  int side = 880;       ///< pixels that the longer side of a single map aims at; cells have from 4 to 96
};

/// Where a map's cells lie in its picture.
struct MapPlan {
  AttentionMap drawn;  ///< the map as drawn: the given one, or its max_pool where it had more than 256 rows or columns
  Rect matrix;         ///< all cells
  int cell = 0;        ///< distance from one cell to the next, in pixels
  int width = 0;       ///< of the whole picture
  int height = 0;

  /// The pixels of one cell of `drawn`, without the gap to its neighbours.
  Rect cell_rect(std::size_t row, std::size_t col) const;
};

/// A map drawn in pixels.
struct MapPicture : MapPlan {
  Canvas canvas;
};

/// Draws one map: title, subtitle, named axes with tokens and positions, colour bar with the name of the scale, and a
/// legend of the marks that occur (hatch: hidden; cross: NaN; I: infinite). Labels thin out where cells are small.
/// Throws what check() throws.
MapPicture draw_map(const AttentionMap& map, const PictureStyle& style);

/// Maps side by side: one row per layer, one column per head. All have one scale and one colour bar.
struct AttentionGrid {
  std::string title;
  std::string subtitle;
  std::vector<std::string> row_names;  ///< such as "layer 0", from top to bottom
  std::vector<std::string> col_names;  ///< such as "head 0", from left to right
  std::vector<AttentionMap> maps;      ///< row by row; the title of each stands above it
};

/// Draws the grid. Throws ShapeError unless there is one map per row and column name, and what check() throws.
Canvas draw_grid(const AttentionGrid& grid, const PictureStyle& style);

/// The same pictures as SVG files, whose text stays text; maps of more than 64 x 64 cells are one embedded image.
std::string render_svg(const AttentionMap& map, const PictureStyle& style);
std::string render_svg(const AttentionGrid& grid, const PictureStyle& style);

/// PNG files of draw_map and draw_grid, with Title, Description and Software stored in them.
std::string render_png(const AttentionMap& map, const PictureStyle& style);
std::string render_png(const AttentionGrid& grid, const PictureStyle& style);

}  // namespace headlight
