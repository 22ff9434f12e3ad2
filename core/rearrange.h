#pragma once

#include <cstddef>
#include <span>

#include "core/array.h"

/// Copies that move elements without computing, in parallel.
namespace headlight::inline HEADLIGHT_PRECISION {

/// The axes in another order: axis i of the result is axis order[i] of x; order must be a permutation.
/// Throws ShapeError when more than 16 axes remain after neighbours that stay together are joined.
Array permuted(const Array& x, std::span<const std::size_t> order);

/// Two axes exchanged; a call on the result undoes it.
Array axes_swapped(const Array& x, std::size_t axis, std::size_t other);

/// The rows of x along its first axis that `rows` names, in that order. Requires rank >= 1 and every row to be there.
Array rows_taken(const Array& x, std::span<const std::size_t> rows);

/// Every element becomes `value`.
void fill(Array& y, Real value);

/// Equally spaced blocks of memory: `rows` blocks of `columns` elements.
struct Blocks {
  std::size_t rows;
  std::size_t columns;
};

/// The k-th block of y, at y + k y_step, becomes (plus) the k-th block of x, at x + k x_step. No overlap.
void copy_blocks(const Real* x, std::size_t x_step, Real* y, std::size_t y_step, Blocks blocks);
void add_blocks(const Real* x, std::size_t x_step, Real* y, std::size_t y_step, Blocks blocks);

/// Every block of y, at y + k y_step, becomes `value`.
void fill_blocks(Real* y, std::size_t y_step, Blocks blocks, Real value);

}  // namespace headlight::inline HEADLIGHT_PRECISION
