#pragma once

#include <complex>
#include <vector>

#include "core/array.h"

/// Decompositions of dense matrices through LAPACK, on the calling thread.
///
/// The same matrix gives the same bytes: signs and order are fixed where mathematics leaves them open. All functions
/// throw ShapeError when the matrix is not (m, n) with m, n >= 1 in the range of int, and NumericError when it holds NaN
/// or infinity or the iteration does not converge. They name `where` in front.
namespace headlight::inline HEADLIGHT_PRECISION {

/// A = left diag(values) right, for A (m, n) and r = min(m, n).
struct SingularDecomposition {
  Array left;    ///< U (m, r), orthonormal columns; the largest element of each (the first of equal ones) is positive
  Array values;  ///< s (r), falling, never negative
  Array right;   ///< V^T (r, n), orthonormal rows
};

/// The thin singular value decomposition.   Source: LAPACK's gesvd (Anderson et al. 1999, LAPACK Users' Guide, 2.4.6).
SingularDecomposition singular_decomposition(const Array& a);

/// The singular values alone, falling: (m, n) -> (min(m, n)).
Array singular_values(const Array& a);

/// The n eigenvalues of a square matrix of any kind: the largest magnitude first; of equal ones the larger real part,
/// then the larger imaginary part first, so that conjugates stand side by side. Throws ShapeError on m != n.
/// Source: LAPACK's geev (LAPACK Users' Guide, 2.4.5).
std::vector<std::complex<Real>> eigenvalues(const Array& a);

}  // namespace headlight::inline HEADLIGHT_PRECISION
