// Expected values: sums in long double; orders and propagation from the definitions in core/kernels/reduce.h.
#include <catch2/catch.hpp>

#include "core/kernels/reduce.h"
#include "tests/core/kernels/rows.h"

using namespace headlight;
using namespace headlight::rows;

TEST_CASE("Sums, dot products and norms agree with long double at every size and offset") {
  for (const std::size_t n : kSizes) {
    for (std::size_t offset = 0; offset < 16; ++offset) {
      Placed x(uniform(n, -3, 3, n), offset);
      Placed y(uniform(n, -3, 3, n + 1), 15 - offset);
      Exact total = 0;
      Exact product = 0;
      Exact squares = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const Exact a = x[i];
        const Exact b = y[i];
        total += a;
        product += a * b;
        squares += a * a;
      }
      // n additions in double, each of partial sums below 9 n
      const Exact bound = 9 * static_cast<Exact>(n * n + 1) * 0x1p-53L;
      CHECK(std::fabs(static_cast<Exact>(kernels::sum(x.data(), n)) - total) <= bound);
      CHECK(std::fabs(static_cast<Exact>(kernels::dot(x.data(), y.data(), n)) - product) <= bound);
      CHECK(std::fabs(static_cast<Exact>(kernels::sum_of_squares(x.data(), n)) - squares) <= bound);
    }
  }
}

TEST_CASE("Twenty million ones sum to twenty million") {
  const Values ones(20000000, 1);
  CHECK(kernels::sum(ones.data(), ones.size()) == 20000000.0);
  CHECK(kernels::sum_of_squares(ones.data(), ones.size()) == 20000000.0);
}

TEST_CASE("Squares beyond the range of Real still have a norm in float") {
  if (sizeof(Real) == 8) return;
  const Values x{Real(1e30), Real(1e30)};
  const double square = static_cast<double>(x[0]) * static_cast<double>(x[0]);
  CHECK(kernels::sum_of_squares(x.data(), 2) == 2 * square);
}

TEST_CASE("max and min find the extreme wherever it stands and never lose a NaN") {
  for (const std::size_t n : kSizes) {
    Values x = uniform(n, -1, 1, n);
    const auto largest = std::max_element(x.begin(), x.end());
    const auto smallest = std::min_element(x.begin(), x.end());
    CHECK(kernels::max(x.data(), n) == (n == 0 ? -kInf : *largest));
    CHECK(kernels::min(x.data(), n) == (n == 0 ? kInf : *smallest));
    for (std::size_t at = 0; at < n; ++at) {
      const Real kept = x[at];
      x[at] = 5;
      CHECK(kernels::max(x.data(), n) == 5);
      x[at] = -5;
      CHECK(kernels::min(x.data(), n) == -5);
      x[at] = kNan;
      CHECK(std::isnan(kernels::max(x.data(), n)));
      CHECK(std::isnan(kernels::min(x.data(), n)));
      x[at] = kept;
    }
  }
}

TEST_CASE("Column sums agree with long double and accumulate") {
  for (const std::size_t cols : kSizes) {
    const std::size_t rows = 13;
    const Values x = uniform(rows * cols, -1, 1, cols);
    Placed down(Values(cols, 2), cols % 16);
    kernels::add_column_sums(x.data(), down.data(), rows, cols);
    for (std::size_t i = 0; i < cols; ++i) {
      Exact total = 2;
      for (std::size_t row = 0; row < rows; ++row) total += static_cast<Exact>(x[row * cols + i]);
      // 13 additions of partial sums below 15
      REQUIRE(error(down[i], total) <= 13 * 15 * kEpsilon);
    }
    CHECK(down.untouched());
  }
}
