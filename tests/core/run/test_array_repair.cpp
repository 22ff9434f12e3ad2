// The calls of xtensor that corrupt memory under g++ in C++20 mode without the repair in core/array.h. They want an
// array of free rank as their temporary; without the repair it has rank 4, so ranks below and above 4 are tried.
#include <vector>

#include <catch2/catch.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xpad.hpp>

#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

// 0, 1, 2, ... in the shape (..., 3), so that every row holds 3 r, 3 r + 1, 3 r + 2.
Array rows_of_three(const Shape& shape) {
  Array a = uninitialized(shape);
  Real next{0};
  for (Real& value : flat(a)) value = next++;
  return a;
}

std::vector<Shape> shapes() { return {{3}, {2, 3}, {2, 2, 3}, {2, 1, 2, 3}, {2, 1, 2, 2, 3}, {1, 2, 1, 2, 2, 3}}; }

Shape without_last(Shape shape) {
  shape.pop_back();
  return shape;
}

}  // namespace

TEST_CASE("Immediate reducers over the last axis give the row's sum, mean and greatest element") {
  for (const Shape& shape : shapes()) {
    const Array a = rows_of_three(shape);
    const std::size_t axis = shape.size() - 1;
    const Array sum = xt::sum(a, {axis}, xt::evaluation_strategy::immediate);
    const Array mean = xt::mean(a, {axis}, xt::evaluation_strategy::immediate);
    const Array greatest = xt::amax(a, {axis}, xt::evaluation_strategy::immediate);
    REQUIRE(sum.shape() == without_last(shape));
    REQUIRE(mean.shape() == sum.shape());
    REQUIRE(greatest.shape() == sum.shape());
    for (std::size_t row = 0; row < sum.size(); ++row) {
      const auto first = static_cast<Real>(3 * row);
      CHECK(sum.flat(row) == 3 * first + 3);
      CHECK(mean.flat(row) == first + 1);
      CHECK(greatest.flat(row) == first + 2);
    }
  }
}

TEST_CASE("The variance of r, r + 1, r + 2 is 2/3, lazily and at once") {
  const Real expected = Real{2} / Real{3};
  for (const Shape& shape : shapes()) {
    const Array a = rows_of_three(shape);
    const std::vector<std::size_t> last{shape.size() - 1};
    const Array variance = xt::variance(a, last);
    const Array immediate = xt::variance(a, last, xt::evaluation_strategy::immediate);
    REQUIRE(variance.shape() == without_last(shape));
    REQUIRE(immediate.shape() == without_last(shape));
    // Deviations are exactly -1, 0, 1: only the division and the literal are rounded.
    for (const Real value : flat(variance)) CHECK(value == Approx(expected).epsilon(1e-6));
    for (const Real value : flat(immediate)) CHECK(value == Approx(expected).epsilon(1e-6));
  }
}

TEST_CASE("An evaluated transpose holds a(i, ..., j) at (j, ..., i)") {
  for (const Shape& shape : shapes()) {
    const Array a = rows_of_three(shape);
    const Array b = xt::eval(xt::transpose(a));
    REQUIRE(b.shape() == Shape(shape.rbegin(), shape.rend()));
    for (std::size_t i = 0; i < a.size(); ++i) {
      std::vector<std::size_t> index(shape.size());
      std::size_t rest = i;
      for (std::size_t axis = shape.size(); axis-- > 0;) {
        index[shape.size() - 1 - axis] = rest % shape[axis];
        rest /= shape[axis];
      }
      CHECK(b.element(index.begin(), index.end()) == a.flat(i));
    }
  }
}

TEST_CASE("tile repeats an array along its axes") {
  const Array a = rows_of_three({2, 3});
  const Array b = xt::tile(a, {2, 3});
  REQUIRE(b.shape() == Shape{4, 9});
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 9; ++j) CHECK(b(i, j) == a(i % 2, j % 3));
  }
}

TEST_CASE("pad puts a border of one value around an array") {
  const Array a = rows_of_three({2, 3});
  const std::vector<std::vector<std::size_t>> widths = {{1, 0}, {2, 1}};
  const Array b = xt::pad(a, widths, xt::pad_mode::constant, Real{-1});
  REQUIRE(b.shape() == Shape{3, 6});
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      const bool inside = i >= 1 && j >= 2 && j < 5;
      CHECK(b(i, j) == (inside ? a(i - 1, j - 2) : Real{-1}));
    }
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
