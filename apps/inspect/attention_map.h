#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

/// How a weight becomes a colour. Only `kLinear` is comparable between steps, heads and runs.
enum class Scale {
  kLinear,  ///< 0 to 1, fixed
  kSqrt,    ///< square root of the weight, 0 to 1
  kLog10,   ///< log10 of the weight from 0.001 to 1; smaller weights share the first colour
  kRowMax,  ///< share of the largest weight of its row
  kMapMax,  ///< share of the largest weight of the map
};

/// The words written beside the colour bar, such as "linear" or "log10, floor 0.001".
std::string_view scale_name(Scale scale);

/// The scale called `linear`, `sqrt`, `log10`, `row_max` or `map_max` in options. Throws ConfigError on any other word.
Scale parse_scale(std::string_view word);

/// What a cell shows.
enum class CellKind {
  kWeight,    ///< a finite weight
  kHidden,    ///< hidden by the mask: no weight exists, which differs from a weight of zero
  kNan,       ///< not a number
  kInfinite,  ///< plus or minus infinity
};

/// Attention weights of one head for one example, ready to be drawn: row q holds how much query q reads of each key.
struct AttentionMap {
  std::string title;     ///< what is shown, in a few words
  std::string subtitle;  ///< run, step, block, layer, head, probe
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::vector<float> weights;           ///< (rows, cols), row-major
  std::vector<std::string> row_labels;  ///< query tokens, one per row; empty: positions only
  std::vector<std::string> col_labels;  ///< key tokens, one per column; empty: positions only
  std::vector<std::uint8_t> hidden;     ///< (rows, cols), 1 where the mask hides the key; empty: nothing is hidden
  Scale scale = Scale::kLinear;
  std::size_t stride = 1;                  ///< positions that one row or column stands for; above 1 after max_pool
  std::string row_axis = "query (reads)";  ///< name of the vertical axis
  std::string col_axis = "key (is read)";  ///< name of the horizontal axis

  CellKind kind(std::size_t row, std::size_t col) const;
  float weight(std::size_t row, std::size_t col) const { return weights[row * cols + col]; }
};

/// Throws ShapeError when the map is empty or a list does not fit `rows` and `cols`. `where` opens the message.
void check(const AttentionMap& map, std::string_view where);

/// Position of every cell on the colour scale, (rows, cols) row-major, each in [0, 1]; 0 for cells that are no weights.
std::vector<float> scale_positions(const AttentionMap& map);

/// A labelled place on the colour bar.
struct ScaleTick {
  float position;     ///< in [0, 1] along the bar
  std::string label;  ///< the weight, or the share of the maximum, that has this colour
};

/// The ticks of the map's colour bar, in rising order.
std::vector<ScaleTick> scale_ticks(const AttentionMap& map);

/// A weight in at most four characters (from -9.9 to 9999): "0.97", "1.00", "0", "<.01" for what would round to zero.
std::string short_number(float weight);

/// The map with blocks of `factor` x `factor` cells (fewer at the end) replaced by their maximum: a maximum and not a
/// mean, so that a sharp head stays visible. NaN and infinity win over weights; a block is hidden when all of it is.
/// Tokens are dropped and `stride` grows by the factor. factor >= 1; 1 returns the map unchanged.
AttentionMap max_pool(const AttentionMap& map, std::size_t factor);

}  // namespace headlight
