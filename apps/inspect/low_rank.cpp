#include "apps/inspect/low_rank.h"

#include <cmath>
#include <string_view>

#include "core/error.h"
#include "core/gemm.h"
#include "core/linalg.h"
#include "core/rearrange.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check(const LowRank& a, std::string_view where) {
  if (a.left.dimension() == 2 && a.right.dimension() == 2 && a.left.shape()[1] == a.right.shape()[0]) return;
  raise<ShapeError>(where, "the factors do not fit", to_string(a.left.shape()) + " times " + to_string(a.right.shape()),
                    "(m, r) and (r, n) are needed");
}

Array product(const ConstMatrix& a, const ConstMatrix& b) {
  Array c = uninitialized({a.rows, b.cols});
  gemm(1, a, b, 0, as_matrix(c));
  return c;
}

Array product(const Array& a, const Array& b) { return product(as_matrix(a), as_matrix(b)); }

}  // namespace

Array dense(const LowRank& a) {
  check(a, "low-rank matrix");
  return product(a.left, a.right);
}

LowRank transposed(const LowRank& a) {
  check(a, "transpose of a low-rank matrix");
  return {axes_swapped(a.right, 0, 1), axes_swapped(a.left, 0, 1)};
}

LowRank compose(const LowRank& a, const LowRank& b) {
  check(a, "product of low-rank matrices");
  check(b, "product of low-rank matrices");
  const Array middle = product(a.right, b.left);
  if (middle.shape()[0] <= middle.shape()[1]) return {a.left, product(middle, b.right)};
  return {product(a.left, middle), b.right};
}

LowRank between(const Array& outer_left, const LowRank& a, const Array& outer_right) {
  check(a, "table of pairs");
  if (outer_left.dimension() != 2 || outer_right.dimension() != 2) {
    raise<ShapeError>("table of pairs", "the rows on both sides must be matrices",
                      to_string(outer_left.shape()) + " and " + to_string(outer_right.shape()));
  }
  return {product(outer_left, a.left), product(as_matrix(a.right), transposed(as_matrix(outer_right)))};
}

Array singular_values(const LowRank& a) {
  check(a, "singular values");
  const SingularDecomposition left = singular_decomposition(a.left);
  const SingularDecomposition right = singular_decomposition(a.right);
  Array middle = product(left.right, right.left);
  const std::size_t cols = middle.shape()[1];
  for (std::size_t i = 0; i < middle.size(); ++i) {
    middle.data()[i] *= left.values.data()[i / cols] * right.values.data()[i % cols];
  }
  return singular_values(middle);
}

double norm(const LowRank& a) {
  const Array values = singular_values(a);
  double sum = 0;
  for (const Real value : flat(values)) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

std::vector<std::complex<Real>> eigenvalues(const LowRank& a) {
  check(a, "eigenvalues");
  const std::size_t size = a.left.shape()[0];
  if (a.right.shape()[1] != size) {
    raise<ShapeError>("eigenvalues", "only a square matrix has eigenvalues",
                      to_string(a.left.shape()) + " times " + to_string(a.right.shape()), "ask for singular values");
  }
  return eigenvalues(a.left.shape()[1] <= size ? product(a.right, a.left) : product(a.left, a.right));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
