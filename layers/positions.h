#pragma once

#include <cstddef>

#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Which numbers the positions of a sequence have.
struct PositionRange {
  std::size_t max_length = 0;  ///< longest sequence, what was generated before included
  /// L, the positions to draw from, at least max_length; 0: they are 0, 1, 2, ... and nothing is drawn. With L, training
  /// gives each batch a sorted random subset of 0 ... L - 1 as its positions (Ruoss et al. 2023, arXiv:2305.16843,
  /// section 3: orders are learned and not numbers, so that longer sequences than those trained on can be read).
  /// Evaluation draws nothing (the paper does): position t has the number floor(t L / max_length), evenly spread over
  /// the range and the same at every length and step of a generation.
  std::size_t randomised = 0;

  /// Rows of a table of positions.
  std::size_t rows() const { return randomised != 0 ? randomised : max_length; }
};

/// Throws ConfigError when max_length is 0, or L is above 0 and below max_length.
void check_range(const PositionRange& range);

/// The numbers of `time` positions from Context::offset on: (time), strictly increasing, below rows(). Draws
/// from Context::random when training with L.
/// Throws ShapeError behind max_length, StateError when a draw has no Context::random or an offset (a part of a
/// sequence cannot know what was drawn for the rest).
Tokens position_numbers(std::size_t time, const PositionRange& range, const Context& context);

/// The table of sinusoids (length, width):
///   table[t, 2 i] = sin(t / 10000^(2 i / C)),  table[t, 2 i + 1] = cos(t / 10000^(2 i / C)).
/// Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5. An odd width ends with a sine.
Array sinusoidal_table(std::size_t length, std::size_t width);

/// y = x + table[position_numbers()]: (B, T, C) -> (B, T, C), with the sinusoids as a constant table.
/// Throws ShapeError when x is not (B, T, C) of the width given, or it reaches behind max_length; and as
/// position_numbers() does.
class SinusoidalPositions : public Layer {
 public:
  SinusoidalPositions(const PositionRange& range, std::size_t width);
  SinusoidalPositions(std::size_t max_length, std::size_t width)
      : SinusoidalPositions(PositionRange{.max_length = max_length}, width) {}
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  PositionRange range_;
  Tensor table_;
};

/// The same with a learned table: parameter `weight` (rows(), C). A position behind the table is an error, never
/// a read out of bounds.
class LearnedPositions : public Layer {
 public:
  LearnedPositions(const PositionRange& range, std::size_t width, Init& init);
  LearnedPositions(std::size_t max_length, std::size_t width, Init& init)
      : LearnedPositions(PositionRange{.max_length = max_length}, width, init) {}
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  PositionRange range_;
  Tensor table_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
