#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/inspect/attention_map.h"
#include "apps/inspect/color_mode.h"
#include "apps/inspect/colormap.h"
#include "apps/inspect/token_text.h"

namespace headlight {

/// How a map is shown in a terminal.
struct TerminalStyle {
  ColorMode color = ColorMode::kNone;
  Charset charset = Charset::kAscii;
  Theme theme = Theme::kDark;
  std::string colormap = "cividis";
  std::size_t width = 80;  ///< columns of the terminal
  bool values = false;     ///< print the weight in each cell
  bool compact = false;    ///< one column per cell, and two rows per line where colour and UTF-8 allow
};

/// The map as lines of text, each ended by a newline: title, subtitle, what rows and columns are, key positions and
/// tokens across, one line per query, and a colour bar with the name of the scale. Cells are two columns wide; a map
/// that does not fit is shown compact, one that does not fit even so is max-pooled; a last line says so, as it does
/// when there is no room for the values. Nothing in a token or title reaches the terminal as a control character.
/// Without colour a cell is a shade of ` .:-=+*#%@`. Hidden cells are `··` (`//` in ASCII or without colour), NaN is
/// `××` (`xx`), infinity `II`. Throws what check() throws.
std::string render_terminal(const AttentionMap& map, const TerminalStyle& style);

/// Several maps, placed side by side as far as the terminal is wide, otherwise below one another.
std::string render_terminal(const std::vector<AttentionMap>& maps, const TerminalStyle& style);

}  // namespace headlight
