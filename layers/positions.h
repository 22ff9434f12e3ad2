#pragma once

#include <cstddef>

#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The table of sinusoids (length, width):
///   table[t, 2 i] = sin(t / 10000^(2 i / C)),  table[t, 2 i + 1] = cos(t / 10000^(2 i / C)).
/// Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5. An odd width ends with a sine.
Array sinusoidal_table(std::size_t length, std::size_t width);

/// y = x + table[0 .. T): (B, T, C) -> (B, T, C), with the sinusoids as a constant table.
/// Throws ShapeError when x is not (B, T, C) of the width given, or T exceeds max_length.
class SinusoidalPositions : public Layer {
 public:
  SinusoidalPositions(std::size_t max_length, std::size_t width);
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Tensor table_;
};

/// The same with a learned table: parameter `weight` (max_length, C). A position behind the table is an error, never
/// a read out of bounds.
class LearnedPositions : public Layer {
 public:
  LearnedPositions(std::size_t max_length, std::size_t width, Init& init);
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Tensor table_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
