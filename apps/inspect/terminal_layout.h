#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/inspect/attention_map.h"
#include "apps/inspect/terminal.h"

namespace headlight {

/// How a map is fitted into a terminal; widths in columns.
struct TerminalLayout {
  AttentionMap map;             ///< the given map, or its max_pool
  std::size_t index_width = 0;  ///< of the widest position
  std::size_t query_width = 0;  ///< of the query tokens, 0 when there are none
  std::size_t gutter = 0;       ///< left of the cells
  std::size_t cell = 2;
  bool values = false;             ///< cells hold numbers
  bool half_blocks = false;        ///< a line holds two rows
  std::vector<std::string> notes;  ///< what had to give way, in sentences for the reader
};

/// Chooses square cells, then compact ones, then max-pooling until the map fits `style.width`.
TerminalLayout lay_out(const AttentionMap& map, const TerminalStyle& style);

/// What a position is called: rows and columns of a pooled map are named after their first position.
std::string position_label(const AttentionMap& map, std::size_t index);

}  // namespace headlight
