#include "autograd/ops/matmul.h"

#include <utility>

#include "autograd/make_op.h"
#include "core/elementwise.h"
#include "core/error.h"
#include "core/gemm.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

Shape batch_shape(const Array& a) { return Shape(a.shape().begin(), a.shape().end() - 2); }

/// The matrix that begins at `data`, with the last two axes of a as its extents.
ConstMatrix matrix_at(const Array& a, bool transpose, const Real* data) {
  const std::size_t rows = a.shape()[a.dimension() - 2];
  const std::size_t cols = a.shape()[a.dimension() - 1];
  if (transpose) return {data, cols, rows, cols, true};
  return {data, rows, cols, cols, false};
}

/// The leading axes of an array as one row of matrices, so that BroadcastRows finds each matrix.
Shape with_matrix_axis(Shape batch) {
  batch.push_back(1);
  return batch;
}

Array product(const Array& a, bool transpose_a, const Array& b, bool transpose_b) {
  const ConstMatrix first = matrix_at(a, transpose_a, a.data());
  const ConstMatrix second = matrix_at(b, transpose_b, b.data());
  const std::size_t m = first.rows;
  const std::size_t n = second.cols;
  const Shape batch = broadcast_shape(batch_shape(a), batch_shape(b), "matmul");
  Shape shape = batch;
  shape.push_back(m);
  shape.push_back(n);
  Array c = uninitialized(shape);
  if (b.dimension() == 2 && !transpose_a) {
    // One matrix for all: the leading axes of a are just more rows.
    parallel_gemm(1, as_matrix(a), second, 0, as_matrix(c));
    return c;
  }
  const std::size_t a_size = first.rows * first.cols;
  const std::size_t b_size = second.rows * second.cols;
  const BroadcastRows a_matrices(with_matrix_axis(batch_shape(a)), with_matrix_axis(batch));
  const BroadcastRows b_matrices(with_matrix_axis(batch_shape(b)), with_matrix_axis(batch));
  const std::size_t count = element_count(batch);
  if (count == 1) {
    parallel_gemm(1, first, second, 0, {c.data(), m, n, n});
    return c;
  }
  parallel_for(count, [&](std::size_t i) {
    gemm(1, matrix_at(a, transpose_a, a.data() + a_matrices.offset(i) * a_size),
         matrix_at(b, transpose_b, b.data() + b_matrices.offset(i) * b_size), 0, {c.data() + i * m * n, m, n, n});
  });
  return c;
}

/// sum over the leading axes of op(a)^T g, for a b of rank 2: one product over all rows.
Array shared_gradient(const Array& a, const Array& g) {
  Array db = uninitialized({a.shape().back(), g.shape().back()});
  parallel_gemm(1, transposed(as_matrix(a)), as_matrix(g), 0, as_matrix(db));
  return db;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, MatmulOptions options) {
  const auto describe = [&] {
    return "a " + to_string(a.shape()) + (options.transpose_a ? " transposed" : "") + ", b " + to_string(b.shape()) +
           (options.transpose_b ? " transposed" : "");
  };
  if (a.rank() < 2 || b.rank() < 2) {
    raise<ShapeError>("matmul", "both factors need at least two axes", describe(),
                      "reshape a vector to (1, n) or (n, 1)");
  }
  if (a.extent(options.transpose_a ? -2 : -1) != b.extent(options.transpose_b ? -1 : -2)) {
    raise<ShapeError>("matmul", "the inner extents differ", describe());
  }
  Array c = product(a.value(), options.transpose_a, b.value(), options.transpose_b);
  // C = op(A) op(B):  d op(A) = G op(B)^T  and  d op(B) = op(A)^T G; where a factor is stored transposed, its gradient
  // is the transpose of that product.
  return make_op("matmul", std::move(c), {a, b}, [options](BackwardPass& pass) {
    const Array& g = pass.g();
    if (pass.needs(0)) {
      pass.give(0, options.transpose_a ? product(pass.x(1), options.transpose_b, g, true)
                                       : product(g, false, pass.x(1), !options.transpose_b));
    }
    if (pass.needs(1)) {
      const bool shared = pass.x(1).dimension() == 2 && !options.transpose_a;
      if (options.transpose_b) {
        pass.give(1, shared ? shared_gradient(g, pass.x(0)) : product(g, true, pass.x(0), options.transpose_a));
      } else {
        pass.give(1, shared ? shared_gradient(pass.x(0), g) : product(pass.x(0), !options.transpose_a, g, false));
      }
    }
  });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
