#pragma once

#include <cstddef>

#include "core/real.h"

/// Reductions in an order fixed at compile time. Sums over many elements accumulate in double: 20 million ones in float
/// give 20 million.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// Sum of n elements; 0 for none.
double sum(const Real* x, std::size_t n);

/// Sum of the squares of n elements.
double sum_of_squares(const Real* x, std::size_t n);

/// Sum of x y over n elements.
double dot(const Real* x, const Real* y, std::size_t n);

/// Largest (smallest) of n elements; NaN when one of them is NaN; -inf (+inf) for none.
Real max(const Real* x, std::size_t n);
Real min(const Real* x, std::size_t n);

/// y[col] += sum over the rows; (rows, cols) -> (cols). Sums in Real, row after row: hand over chunks of some hundred
/// rows and add the chunks' results in order.
void add_column_sums(const Real* x, Real* y, std::size_t rows, std::size_t cols);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
