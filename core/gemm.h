#pragma once

#include <cstddef>

#include "core/array.h"
#include "core/real.h"

/// Matrix products C = alpha A B + beta C, A (m, k), B (k, n), C (m, n).
///
/// beta = 0 overwrites C, whatever it held; alpha = 0 does not look at A and B. C must not overlap A or B.
/// All functions throw ShapeError when the shapes do not fit or an extent or stride exceeds the range of int.
namespace headlight::inline HEADLIGHT_PRECISION {

/// A factor of shape (rows, cols) in memory that stays with its owner. `stride` is the distance in elements from one
/// stored row to the next. `transposed`: the memory holds the transpose, (cols, rows).
struct ConstMatrix {
  const Real* data;
  std::size_t rows;
  std::size_t cols;
  std::size_t stride;
  bool transposed = false;
};

/// The result, row after row.
struct Matrix {
  Real* data;
  std::size_t rows;
  std::size_t cols;
  std::size_t stride;
};

/// A dense array (..., C) as a matrix of C columns, all leading axes being rows. Throws ShapeError at rank 0.
ConstMatrix as_matrix(const Array& a);
Matrix as_matrix(Array& a);

/// The transpose, without moving an element.
inline ConstMatrix transposed(const ConstMatrix& a) { return {a.data, a.cols, a.rows, a.stride, !a.transposed}; }
inline ConstMatrix transposed(const Matrix& a) { return {a.data, a.cols, a.rows, a.stride, true}; }

/// Some successive rows.
inline ConstMatrix rows_of(const ConstMatrix& a, std::size_t begin, std::size_t count) {
  return {a.data + begin * (a.transposed ? 1 : a.stride), count, a.cols, a.stride, a.transposed};
}
inline Matrix rows_of(const Matrix& a, std::size_t begin, std::size_t count) {
  return {a.data + begin * a.stride, count, a.cols, a.stride};
}

/// On the calling thread alone: for use inside a chunk of a parallel loop.
void gemm(Real alpha, const ConstMatrix& a, const ConstMatrix& b, Real beta, const Matrix& c);

/// On all threads. C is cut into blocks that depend on its shape alone, so the result is the same for every number of
/// threads (but may differ from gemm() in the last bits).
void parallel_gemm(Real alpha, const ConstMatrix& a, const ConstMatrix& b, Real beta, const Matrix& c);

/// `count` products of one shape on all threads; the i-th takes a, b and c moved on by i times its step, in elements. A
/// step of 0 gives every product the same factor. Throws ShapeError as well when c_step is 0 and count above 1.
void batched_gemm(std::size_t count, Real alpha, const ConstMatrix& a, std::size_t a_step, const ConstMatrix& b,
                  std::size_t b_step, Real beta, const Matrix& c, std::size_t c_step);

/// Rows of C in one block of parallel_gemm when C has at least 512 rows: the grain for a loop that does more with each
/// block than the product, such as adding a bias while the block lies in the cache.
std::size_t gemm_row_grain(std::size_t rows);

}  // namespace headlight::inline HEADLIGHT_PRECISION
