#pragma once

#include <cstddef>
#include <cstdint>

#include "core/real.h"

/// Softmax over contiguous rows of `cols` elements, and over one row of attention scores with hidden keys. Sums run in
/// a fixed order; an output may be the same memory as an input.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// y = exp(x - max x) / sum exp(x - max x) per row. A row that holds NaN or +inf, or only -inf, gives NaN.
void softmax_rows(const Real* x, Real* y, std::size_t rows, std::size_t cols);

/// dx = y (g - sum(g y)) per row.
void softmax_backward_rows(const Real* y, const Real* g, Real* dx, std::size_t rows, std::size_t cols);

/// y = x - log sum exp x per row; the sum and the logarithm in double. Not finite inputs as in softmax_rows, but a
/// single -inf gives -inf.
void log_softmax_rows(const Real* x, Real* y, std::size_t rows, std::size_t cols);

/// dx = g - exp(y) sum(g) per row.
void log_softmax_backward_rows(const Real* y, const Real* g, Real* dx, std::size_t rows, std::size_t cols);

/// y[row] = log sum exp of the row, (rows, cols) -> (rows). Only -inf (or no element) gives -inf, +inf gives +inf.
void logsumexp_rows(const Real* x, Real* y, std::size_t rows, std::size_t cols);

/// The keys that one query may see: those of [begin, end) whose byte in `visible` is not 0 (null: all of them).
/// `bias` (null: none) is added to the scaled score; -inf hides the key. Both are indexed by key from 0.
struct VisibleKeys {
  std::size_t begin = 0;
  std::size_t end = 0;
  const std::uint8_t* visible = nullptr;
  const Real* bias = nullptr;
};

/// weights = softmax(scale * scores + bias) over the visible keys of one row of n keys; hidden keys get exactly 0,
/// whatever their score is (NaN included; `scores` outside [begin, end) is not read). A visible key whose biased score
/// is -inf counts as weight 0. Returns false, and gives zeros, when no visible key is left. NaN or +inf on a visible
/// key gives NaN on the visible keys. Requires begin <= end <= n.
bool masked_softmax_row(const Real* scores, Real* weights, std::size_t n, Real scale, const VisibleKeys& keys);

/// dscores = scale * weights (dweights - sum(weights dweights)), the backward rule of masked_softmax_row for the raw
/// scores (with scale = 1: for the bias). Exactly 0 outside [begin, end), where nothing is read, and wherever the
/// weight is 0.
void masked_softmax_backward_row(const Real* weights, const Real* dweights, Real* dscores, std::size_t n, Real scale,
                                 std::size_t begin, std::size_t end);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
