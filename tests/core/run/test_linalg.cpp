#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/gemm.h"
#include "core/io/array_io.h"
#include "core/linalg.h"
#include "tests/common/arrays.h"
#include "tests/core/run/threads.h"

using namespace headlight;
using headlight::testing::by_index;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

using Complex = std::complex<Real>;
using Index = std::vector<std::size_t>;

constexpr double kEpsilon = std::numeric_limits<Real>::epsilon();
constexpr double kPi = 3.14159265358979323846;

// LAPACK is backward stable: what it returns is exact for a matrix within p(n) eps |A| of the given one, p a modest
// polynomial (LAPACK Users' Guide, 4.8 and 4.9); p(n) = 10 n covers the sizes here.
double tolerance(const Array& a, double condition = 1) {
  const double extent = static_cast<double>(std::max(a.shape()[0], a.shape()[1]));
  double norm = 0;
  for (const Real value : flat(a)) norm += static_cast<double>(value) * static_cast<double>(value);
  return 10 * extent * kEpsilon * std::sqrt(norm) * condition;
}

Array product(const ConstMatrix& a, const ConstMatrix& b) {
  Array c = uninitialized({a.rows, b.cols});
  gemm(1, a, b, 0, as_matrix(c));
  return c;
}

Array identity(std::size_t size) {
  return by_index({size, size}, [](const Index& i) { return i[0] == i[1] ? 1.0 : 0.0; });
}

void check_eigenvalues(const Array& a, const std::vector<std::complex<double>>& expected, double condition = 1) {
  const std::vector<Complex> found = eigenvalues(a);
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("eigenvalue " << i << ": " << found[i] << " instead of " << expected[i]);
    CHECK(std::abs(std::complex<double>(found[i]) - expected[i]) <= tolerance(a, condition));
  }
}

}  // namespace

TEST_CASE("A decomposition multiplies back to its matrix, with orthonormal sides and falling values") {
  std::uint64_t seed = 1;
  for (const std::size_t rows : Index{1, 2, 3, 7, 32, 65}) {
    for (const std::size_t cols : Index{1, 2, 5, 32, 50}) {
      INFO(rows << " x " << cols);
      const Array a = drawn({rows, cols}, -2, 2, ++seed);
      const SingularDecomposition d = singular_decomposition(a);
      const std::size_t rank = std::min(rows, cols);
      REQUIRE(d.left.shape() == Shape{rows, rank});
      REQUIRE(d.values.shape() == Shape{rank});
      REQUIRE(d.right.shape() == Shape{rank, cols});
      Array scaled = d.left;
      for (std::size_t i = 0; i < scaled.size(); ++i) scaled.data()[i] *= d.values.data()[i % rank];
      const double atol = tolerance(a);
      CHECK(difference(product(as_matrix(std::as_const(scaled)), as_matrix(d.right)), a, 0, atol) == "");
      const double unit = tolerance(identity(std::max(rows, cols)));
      CHECK(difference(product(transposed(as_matrix(d.left)), as_matrix(d.left)), identity(rank), 0, unit) == "");
      CHECK(difference(product(as_matrix(d.right), transposed(as_matrix(d.right))), identity(rank), 0, unit) == "");
      CHECK(std::is_sorted(flat(d.values).rbegin(), flat(d.values).rend()));
      CHECK(d.values.data()[rank - 1] >= 0);
      CHECK(difference(singular_values(a), d.values, 0, atol) == "");
    }
  }
}

TEST_CASE("Matrices of known singular values have them") {
  // diag(3, -2, 0): singular values are the absolute values.
  const std::vector<double> diagonal{0, 3, -2};
  const Array d = by_index({3, 3}, [&](const Index& i) { return i[0] == i[1] ? diagonal[i[0]] : 0; });
  CHECK(difference(singular_values(d), by_index({3}, [](const Index& i) { return i[0] == 2 ? 0 : 3.0 - double(i[0]); }),
                   0, tolerance(d)) == "");
  // u v^T has the one value |u| |v|: here sqrt(1 + 4 + 4) sqrt(9 + 16) = 15.
  const std::vector<double> u{1, 2, 2}, v{3, 4};
  const Array outer = by_index({3, 2}, [&](const Index& i) { return u[i[0]] * v[i[1]]; });
  CHECK(difference(singular_values(outer), by_index({2}, [](const Index& i) { return i[0] == 0 ? 15.0 : 0.0; }), 0,
                   tolerance(outer)) == "");
  // The 4 x 4 Hadamard matrix is twice an orthogonal one.
  const Array hadamard = by_index({4, 4}, [](const Index& i) {
    return ((i[0] & i[1] & 1U) + ((i[0] & i[1]) >> 1U)) % 2 == 0 ? 1.0 : -1.0;
  });
  CHECK(difference(singular_values(hadamard), full({4}, 2), 0, tolerance(hadamard)) == "");
}

TEST_CASE("Matrices of known eigenvalues have them, in the promised order") {
  // A triangular matrix shows its eigenvalues. Equal magnitudes: the larger real part first.
  const std::vector<double> diagonal{-2, 1, 2, 0.5};
  const Array triangle = by_index({4, 4}, [&](const Index& i) {
    return i[0] == i[1] ? diagonal[i[0]] : i[0] < i[1] ? 0.25 : 0.0;
  });
  check_eigenvalues(triangle, {2, -2, 1, 0.5}, 3);
  // A turn by t has exp(+-i t): the positive imaginary part first.
  const double t = 0.7;
  const Array turn = by_index({2, 2}, [&](const Index& i) {
    return i[0] == i[1] ? std::cos(t) : i[0] < i[1] ? -std::sin(t) : std::sin(t);
  });
  check_eigenvalues(turn, {{std::cos(t), std::sin(t)}, {std::cos(t), -std::sin(t)}});
  // The cyclic shift of 6 has the sixth roots of unity; I + shift / 2 moves them to different magnitudes.
  const Array shift = by_index({6, 6}, [](const Index& i) {
    return i[0] == i[1] ? 1.0 : (i[0] + 1) % 6 == i[1] ? 0.5 : 0.0;
  });
  std::vector<std::complex<double>> roots;
  for (const int k : {0, 1, -1, 2, -2, 3}) roots.push_back(1.0 + std::polar(0.5, 2 * kPi * k / 6));
  check_eigenvalues(shift, roots);
  // The companion matrix of (x - 1)(x - 2)(x - 4) = x^3 - 7 x^2 + 14 x - 8. Its eigenvalues' condition numbers
  // |y| |x| / |y^T x| are below 15 (the eigenvectors are the powers of the roots).
  const Array companion = by_index({3, 3}, [](const Index& i) {
    const double last[] = {8, -14, 7};
    return i[0] == 2 ? last[i[1]] : i[1] == i[0] + 1 ? 1.0 : 0.0;
  });
  check_eigenvalues(companion, {4, 2, 1}, 15);
}

TEST_CASE("numpy finds the same singular values and eigenvalues") {
  std::size_t matrices = 0;
  const SafetensorsFile file(HEADLIGHT_SOURCE_DIR "/tests/reference/linalg/decompositions.safetensors");
  for (const StoredTensor& tensor : file.tensors()) {
    if (!tensor.name.ends_with("/matrix")) continue;
    ++matrices;
    const std::string name = tensor.name.substr(0, tensor.name.find('/'));
    INFO(name);
    const Array a = read_array(file.file(), tensor);
    const Array expected = read_array(file.file(), file.tensor(name + "/singular_values"));
    CHECK(difference(singular_values(a), expected, 0, tolerance(a)) == "");
    const StoredTensor* stored = file.find(name + "/eigenvalues");
    CHECK((stored != nullptr) == (a.shape()[0] == a.shape()[1]));
    if (stored == nullptr) continue;
    const Array pairs = read_array(file.file(), *stored);
    std::vector<std::complex<double>> values;
    for (std::size_t i = 0; i < pairs.shape()[0]; ++i)
      values.emplace_back(pairs.data()[2 * i], pairs.data()[2 * i + 1]);
    // Beside the exact zeros of the matrix of rank 2, whose order is rounding's, the condition numbers of these
    // eigenvalues are below 60 (from numpy's eigenvectors).
    std::vector<Complex> found = eigenvalues(a);
    if (name == "rank_2_of_9") {
      found.resize(2);
      values.resize(2);
    }
    REQUIRE(found.size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(std::abs(std::complex<double>(found[i]) - values[i]) <= tolerance(a, 60));
    }
  }
  CHECK(matrices == 12);
}

TEST_CASE("The same matrix gives the same bytes for every number of threads") {
  const Array a = drawn({48, 48}, -1, 1, 77);
  const auto all = [&](std::size_t count) {
    const test::Threads threads(count);
    return std::pair(singular_decomposition(a), eigenvalues(a));
  };
  const auto [first, first_eigen] = all(1);
  for (const std::size_t count : Index{2, 3, 8}) {
    const auto [again, again_eigen] = all(count);
    CHECK(same_bytes(first.left, again.left));
    CHECK(same_bytes(first.values, again.values));
    CHECK(same_bytes(first.right, again.right));
    CHECK(first_eigen == again_eigen);
  }
}

TEST_CASE("The largest element of each left singular vector is positive") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const SingularDecomposition d = singular_decomposition(drawn({6, 4}, -1, 1, seed));
    for (std::size_t col = 0; col < 4; ++col) {
      Real largest = 0;
      for (std::size_t row = 0; row < 6; ++row) {
        const Real element = d.left.data()[row * 4 + col];
        if (std::abs(element) > std::abs(largest)) largest = element;
      }
      CHECK(largest > 0);
    }
  }
}

TEST_CASE("What is no finite matrix is refused") {
  CHECK_THROWS_AS(singular_values(full({3}, 1)), ShapeError);
  CHECK_THROWS_AS(singular_values(zeros({2, 2, 2})), ShapeError);
  CHECK_THROWS_AS(singular_decomposition(zeros({0, 3})), ShapeError);
  CHECK_THROWS_AS(eigenvalues(scalar(1)), ShapeError);
  CHECK_THROWS_WITH(eigenvalues(zeros({2, 3})),
                    "eigenvalues: only a square matrix has eigenvalues; (2, 3); ask for singular values");
  for (const Real bad : {std::numeric_limits<Real>::quiet_NaN(), std::numeric_limits<Real>::infinity(),
                         -std::numeric_limits<Real>::infinity()}) {
    Array a = drawn({3, 3}, -1, 1, 5);
    a.data()[5] = bad;
    CHECK_THROWS_AS(eigenvalues(a), NumericError);
    CHECK_THROWS_AS(singular_values(a), NumericError);
    CHECK_THROWS_AS(singular_decomposition(a), NumericError);
    CHECK_THROWS_WITH(eigenvalues(a), Catch::Contains("at (1, 2) of (3, 3)"));
  }
}
