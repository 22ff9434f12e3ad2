#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/low_rank.h"
#include "core/error.h"
#include "core/linalg.h"
#include "tests/apps/inspect/matrices.h"
#include "tests/common/arrays.h"

using namespace headlight;
using namespace headlight::matrices;
using headlight::testing::at;
using headlight::testing::by_index;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

LowRank drawn_low_rank(std::size_t rows, std::size_t rank, std::size_t cols, std::uint64_t seed) {
  return {drawn({rows, rank}, -1, 1, seed), drawn({rank, cols}, -1, 1, seed + 1000)};
}

}  // namespace

TEST_CASE("A low-rank matrix has the singular values, norm and eigenvalues of its product") {
  for (const Index& sizes : std::vector<Index>{{8, 3, 8}, {5, 5, 5}, {4, 7, 4}, {9, 1, 9}, {6, 2, 11}, {3, 5, 7}}) {
    INFO(sizes[0] << " x " << sizes[1] << " x " << sizes[2]);
    const LowRank a = drawn_low_rank(sizes[0], sizes[1], sizes[2], sizes[0] * 100 + sizes[1]);
    const Array whole = product(a.left, a.right);
    CHECK(difference(dense(a), whole, 0, kProduct) == "");
    const Array values = singular_values(a);
    const Array all = singular_values(whole);
    REQUIRE(values.size() == std::min({sizes[0], sizes[1], sizes[2]}));
    for (std::size_t i = 0; i < all.size(); ++i) {
      CHECK(std::abs(at(all, {i}) - (i < values.size() ? at(values, {i}) : 0)) <= kProduct);
    }
    CHECK(std::abs(norm(a) - frobenius(whole)) <= kProduct);
    CHECK(difference(dense(transposed(a)), turned(whole), 0, kProduct) == "");
    if (sizes[0] != sizes[2]) {
      CHECK_THROWS_AS(eigenvalues(a), ShapeError);
      continue;
    }
    // The whole matrix's other eigenvalues are zeros that rounding moved: compare the sums of powers, traces of A^k.
    const auto found = eigenvalues(a);
    CHECK(found.size() == std::min(sizes[0], sizes[1]));
    Array power = whole;
    for (int k = 1; k <= 3; ++k) {
      std::complex<double> sum = 0;
      for (const auto& value : found) sum += std::pow(std::complex<double>(value), k);
      double trace = 0;
      for (std::size_t i = 0; i < sizes[0]; ++i) trace += at(power, {i, i});
      CHECK(std::abs(sum - trace) <= kProduct * std::pow(norm(a), k - 1));
      power = product(power, whole);
    }
  }
}

TEST_CASE("Composition and tables of pairs equal the written-out products") {
  for (const auto& [first, second] : std::vector<std::pair<std::size_t, std::size_t>>{{2, 5}, {5, 2}, {3, 3}}) {
    const LowRank a = drawn_low_rank(6, first, 7, 1);
    const LowRank b = drawn_low_rank(7, second, 4, 2);
    const LowRank ab = compose(a, b);
    CHECK(ab.left.shape()[1] == std::min(first, second));
    CHECK(difference(dense(ab), product(product(a.left, a.right), product(b.left, b.right)), 0, kProduct) == "");
    const Array rows = drawn({10, 6}, -1, 1, 3);
    const Array cols = drawn({9, 7}, -1, 1, 4);
    const Array table = product(product(rows, product(a.left, a.right)), turned(cols));
    CHECK(difference(dense(between(rows, a, cols)), table, 0, kProduct) == "");
  }
  CHECK_THROWS_AS(dense({zeros({2, 3}), zeros({2, 3})}), ShapeError);
  CHECK_THROWS_AS(compose(drawn_low_rank(2, 1, 3, 1), drawn_low_rank(4, 1, 2, 1)), ShapeError);
}
