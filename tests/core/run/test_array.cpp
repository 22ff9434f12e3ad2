#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

#include "core/array.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

Array counted(const Shape& shape) {
  Array a = uninitialized(shape);
  Real next{0};
  for (Real& value : flat(a)) value = next++;
  return a;
}

}  // namespace

TEST_CASE("Arrays are made in a shape and filled with one value") {
  const Array a = full({2, 3}, Real{1.5});
  CHECK(a.shape() == Shape{2, 3});
  CHECK(flat(a).size() == 6);
  CHECK(std::all_of(flat(a).begin(), flat(a).end(), [](Real x) { return x == Real{1.5}; }));
  const Array zero = zeros({4});
  CHECK(std::all_of(flat(zero).begin(), flat(zero).end(), [](Real x) { return x == Real{0}; }));
}

TEST_CASE("A scalar array has rank 0 and one element, and an array may be empty") {
  const Array a = scalar(Real{3});
  CHECK(a.dimension() == 0);
  REQUIRE(a.size() == 1);
  CHECK(flat(a)[0] == Real{3});
  CHECK(flat(zeros({2, 0})).empty());
}

TEST_CASE("An array whose number of elements overflows is refused before xtensor wraps it to 0") {
  const std::size_t big = std::size_t{1} << 33;
  CHECK_THROWS_AS(uninitialized({big, big}), ShapeError);
  CHECK_THROWS_AS(zeros({big, big}), ShapeError);
}

TEST_CASE("Reshaping a temporary keeps its memory and its order") {
  Array a = counted({2, 3});
  const Real* const memory = a.data();
  const Array b = reshaped(std::move(a), {3, 2});
  CHECK(b.data() == memory);
  CHECK(b.shape() == Shape{3, 2});
  CHECK(b(2, 1) == Real{5});
  CHECK(reshaped(scalar(Real{2}), {1, 1})(0, 0) == Real{2});
}

TEST_CASE("Reshaping to another number of elements names both shapes") {
  CHECK_THROWS_WITH(reshaped(zeros({2, 3}), {4}), "reshape: the number of elements differs; (2, 3) to (4)");
}

TEST_CASE("copy_into keeps the destination's memory and refuses another shape") {
  Array y = zeros({2, 3});
  const Real* const memory = y.data();
  copy_into(y, counted({2, 3}));
  CHECK(y.data() == memory);
  CHECK(y(1, 2) == Real{5});
  CHECK_THROWS_WITH(copy_into(y, zeros({3})), "copy: the shapes differ; (3) into (2, 3)");
  CHECK(y.shape() == Shape{2, 3});
}

TEST_CASE("Equal bytes means equal NaN, unequal zeros and equal shapes") {
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  CHECK(same_bytes(full({2}, nan), full({2}, nan)));
  CHECK_FALSE(same_bytes(full({2}, Real{0}), full({2}, -Real{0})));
  CHECK_FALSE(same_bytes(zeros({2, 3}), zeros({3, 2})));
  CHECK(same_bytes(zeros({0}), zeros({0})));
}

TEST_CASE("flat writes through to tokens") {
  Tokens tokens = Tokens::from_shape({2, 2});
  std::ranges::fill(flat(tokens), 7);
  CHECK(tokens(1, 1) == 7);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
