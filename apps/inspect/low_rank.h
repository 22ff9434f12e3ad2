#pragma once

#include <complex>
#include <vector>

#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The matrix left right, of (m, r) times (r, n), kept as its factors. What a head computes has rank r = head size, far
/// below the widths m and n: its spectrum comes from r x r matrices, without the zeros that rounding would smear.
/// All functions throw ShapeError when the factors do not fit, NumericError on NaN or infinity.
struct LowRank {
  Array left;   ///< (m, r)
  Array right;  ///< (r, n)
};

/// The product itself, (m, n).
Array dense(const LowRank& a);

LowRank transposed(const LowRank& a);

/// a b, with the smaller of the two ranks.
LowRank compose(const LowRank& a, const LowRank& b);

/// outer_left a outer_right^T for rows that a reads and writes: with two embeddings (V, m) and (W, n), the (V, W) table
/// of what a says about each pair of tokens.
LowRank between(const Array& outer_left, const LowRank& a, const Array& outer_right);

/// The min(m, n, r) singular values that may differ from 0, falling. With left = U1 S1 V1 and right = U2 S2 V2 they are
/// those of S1 V1 U2 S2.
Array singular_values(const LowRank& a);

/// Frobenius norm: the root of the sum of the squared singular values.
double norm(const LowRank& a);

/// The min(m, r) eigenvalues of a square matrix (m = n) that may differ from 0, ordered as eigenvalues(Array) does:
/// left right and right left have the same ones but for zeros (Horn & Johnson 2013, Matrix Analysis, theorem 1.3.22).
std::vector<std::complex<Real>> eigenvalues(const LowRank& a);

}  // namespace headlight::inline HEADLIGHT_PRECISION
