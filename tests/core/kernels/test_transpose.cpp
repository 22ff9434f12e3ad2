// Expected values: the index formula, element by element.
#include <numeric>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/kernels/transpose.h"
#include "tests/core/kernels/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

Values counting(std::size_t n) {
  Values x(n);
  std::iota(x.begin(), x.end(), Real{1});
  return x;
}

// The copy of outermost indices [first, last), by the definition.
Values strided(const Values& x, std::ptrdiff_t start, const std::vector<std::size_t>& shape,
               const std::vector<std::ptrdiff_t>& strides, std::size_t first, std::size_t last) {
  std::size_t inner = 1;
  for (std::size_t k = 1; k < shape.size(); ++k) inner *= shape[k];
  Values y;
  for (std::size_t flat = first * inner; flat < last * inner; ++flat) {
    std::ptrdiff_t place = start;
    std::size_t rest = flat;
    for (std::size_t k = shape.size(); k-- > 0;) {
      place += static_cast<std::ptrdiff_t>(rest % shape[k]) * strides[k];
      rest /= shape[k];
    }
    y.push_back(x[static_cast<std::size_t>(place)]);
  }
  return y;
}

void check_copy(const Values& x, const std::vector<std::size_t>& shape, const std::vector<std::ptrdiff_t>& strides,
                std::ptrdiff_t start = 0) {
  const std::size_t rows = shape[0];
  for (const auto& [first, last] : {std::pair<std::size_t, std::size_t>{0, rows}, {rows / 3, rows}, {0, rows / 2}}) {
    const Values expected = strided(x, start, shape, strides, first, last);
    Placed y(Values(expected.size(), kNan), first % 16);
    kernels::copy_strided(x.data() + start, shape, strides, y.data(), first, last);
    CHECK(same_bits(y.values(), expected));
    CHECK(y.untouched());
  }
}

}  // namespace

TEST_CASE("Transposing moves every element to its place at every size and stride") {
  for (const std::size_t rows : kSizes) {
    for (const std::size_t cols : kSizes) {
      const std::size_t x_stride = cols + rows % 3;
      const std::size_t y_stride = rows + cols % 2;
      const Values x = counting(rows * x_stride);
      Placed y(Values(cols * y_stride, kNan), cols % 16);
      kernels::transpose(x.data(), x_stride, y.data(), y_stride, rows, cols);
      bool right = true;
      for (std::size_t j = 0; j < cols; ++j) {
        for (std::size_t i = 0; i < y_stride; ++i) {
          const Real value = y[j * y_stride + i];
          right = right && (i < rows ? value == x[i * x_stride + j] : std::isnan(value));
        }
      }
      CAPTURE(rows, cols);
      REQUIRE(right);
      REQUIRE(y.untouched());
    }
  }
}

TEST_CASE("Strided copies of every order of axes agree with the index formula") {
  const std::vector<std::size_t> extents{3, 20, 1, 18};
  const Values x = counting(3 * 20 * 18);
  const std::vector<std::ptrdiff_t> strides{360, 18, 18, 1};
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    std::vector<std::size_t> shape;
    std::vector<std::ptrdiff_t> permuted;
    for (const std::size_t axis : order) {
      shape.push_back(extents[axis]);
      permuted.push_back(strides[axis]);
    }
    check_copy(x, shape, permuted);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("Strided copies repeat, skip and reverse") {
  const Values x = counting(200);
  check_copy(x, {7}, {1});
  check_copy(x, {7}, {0});
  check_copy(x, {4, 6}, {0, 1});
  check_copy(x, {6, 4}, {1, 0});
  check_copy(x, {3, 5, 4}, {0, 1, 0});
  check_copy(x, {5, 6}, {20, 3});
  check_copy(x, {5, 6}, {-20, 1}, 100);
  check_copy(x, {6, 5}, {1, -20}, 100);
  check_copy(x, {1, 1}, {9, 9}, 4);
  check_copy(x, {3, 0, 4}, {1, 1, 1});
}

TEST_CASE("A strided copy without axes or with unequal lists is refused") {
  Real y = 0;
  CHECK_THROWS_AS(kernels::copy_strided(&y, {}, {}, &y, 0, 1), ShapeError);
  const std::vector<std::size_t> shape{1, 1};
  const std::vector<std::ptrdiff_t> strides{1};
  CHECK_THROWS_AS(kernels::copy_strided(&y, shape, strides, &y, 0, 1), ShapeError);
}
