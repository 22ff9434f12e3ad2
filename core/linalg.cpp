#include "core/linalg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <tuple>
#include <utility>

#define WITH_OPENBLAS
#include <xflens/cxxblas/cxxblas.cxx>
#include <xflens/cxxlapack/cxxlapack.cxx>

#include "core/blas.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check(const Array& a, std::string_view where) {
  if (a.dimension() != 2 || a.size() == 0) {
    raise<ShapeError>(where, "the argument is no matrix with at least one row and one column", to_string(a.shape()));
  }
  if (!std::in_range<int>(std::max(a.shape()[0], a.shape()[1]))) {
    raise<ShapeError>(where, "an extent exceeds the range of int", to_string(a.shape()));
  }
  const std::span<const Real> values = flat(a);
  const auto bad = std::find_if(values.begin(), values.end(), [](Real value) { return !std::isfinite(value); });
  if (bad != values.end()) {
    const auto place = static_cast<std::size_t>(bad - values.begin());
    raise<NumericError>(where, "the matrix holds NaN or infinity",
                        fmt::format("{} at ({}, {}) of {}", *bad, place / a.shape()[1], place % a.shape()[1],
                                    to_string(a.shape())),
                        "decompose finite values only");
  }
}

void check_converged(int info, const Array& a, std::string_view where) {
  if (info == 0) return;
  raise<NumericError>(where, "the iteration does not converge",
                      fmt::format("matrix {}, LAPACK info {}", to_string(a.shape()), info),
                      "scale the matrix, or decompose it in double");
}

/// Calls `routine(work, length)` twice: LAPACK first says how much memory it wants.
template <class Routine>
int with_workspace(const Routine& routine) {
  Real wanted = 0;
  const int info = routine(&wanted, -1);
  if (info != 0) return info;
  // The length comes back as a floating-point number, in float rounded perhaps below the integer it was.
  const auto length = static_cast<std::size_t>(std::nextafter(wanted, std::numeric_limits<Real>::max())) + 1;
  Array work = uninitialized({length});
  return routine(work.data(), static_cast<int>(length));
}

int leading(std::size_t extent) { return static_cast<int>(std::max<std::size_t>(extent, 1)); }

/// LAPACK reads columns: what it sees of A (m, n) is A^T = V diag(s) U^T, so its U is our V and the other way round.
int decompose(Array& a, Array& values, Array* left, Array* right) {
  const std::size_t rows = a.shape()[0];
  const std::size_t cols = a.shape()[1];
  const char job = left != nullptr ? 'S' : 'N';
  Real unused = 0;
  Real* const v = right != nullptr ? right->data() : &unused;
  Real* const u = left != nullptr ? left->data() : &unused;
  return with_workspace([&](Real* work, int length) {
    return cxxlapack::gesvd<int>(job, job, static_cast<int>(cols), static_cast<int>(rows), a.data(), leading(cols),
                                 values.data(), v, leading(cols), u, leading(values.size()), work, length);
  });
}

/// Each column of U, and with it the row of V^T, may be negated: choose by the column's largest element.
void fix_signs(SingularDecomposition& result) {
  const std::size_t rank = result.values.size();
  const std::size_t rows = result.left.shape()[0];
  const std::size_t cols = result.right.shape()[1];
  for (std::size_t i = 0; i < rank; ++i) {
    Real largest = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const Real element = result.left.data()[row * rank + i];
      if (std::abs(element) > std::abs(largest)) largest = element;
    }
    if (largest >= 0) continue;
    for (std::size_t row = 0; row < rows; ++row) result.left.data()[row * rank + i] *= -1;
    for (std::size_t col = 0; col < cols; ++col) result.right.data()[i * cols + col] *= -1;
  }
}

}  // namespace

SingularDecomposition singular_decomposition(const Array& a) {
  check(a, "singular_decomposition");
  keep_blas_single_threaded();
  const std::size_t rows = a.shape()[0];
  const std::size_t cols = a.shape()[1];
  const std::size_t rank = std::min(rows, cols);
  SingularDecomposition result{uninitialized({rows, rank}), uninitialized({rank}), uninitialized({rank, cols})};
  Array destroyed = a;
  check_converged(decompose(destroyed, result.values, &result.left, &result.right), a, "singular_decomposition");
  fix_signs(result);
  return result;
}

Array singular_values(const Array& a) {
  check(a, "singular_values");
  keep_blas_single_threaded();
  Array values = uninitialized({std::min(a.shape()[0], a.shape()[1])});
  Array destroyed = a;
  check_converged(decompose(destroyed, values, nullptr, nullptr), a, "singular_values");
  return values;
}

std::vector<std::complex<Real>> eigenvalues(const Array& a) {
  check(a, "eigenvalues");
  const std::size_t size = a.shape()[0];
  if (a.shape()[1] != size) {
    raise<ShapeError>("eigenvalues", "only a square matrix has eigenvalues", to_string(a.shape()),
                      "ask for singular values");
  }
  keep_blas_single_threaded();
  // The transpose, which LAPACK sees, has the same eigenvalues.
  Array destroyed = a;
  Array real = uninitialized({size});
  Array imaginary = uninitialized({size});
  Real unused = 0;
  const int info = with_workspace([&](Real* work, int length) {
    return cxxlapack::geev<int>('N', 'N', static_cast<int>(size), destroyed.data(), leading(size), real.data(),
                                imaginary.data(), &unused, 1, &unused, 1, work, length);
  });
  check_converged(info, a, "eigenvalues");
  std::vector<std::complex<Real>> values(size);
  for (std::size_t i = 0; i < size; ++i) values[i] = {real.data()[i], imaginary.data()[i]};
  const auto key = [](const std::complex<Real>& value) {
    return std::tuple(-std::abs(value), -value.real(), -value.imag());
  };
  std::ranges::sort(values, {}, key);
  return values;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
