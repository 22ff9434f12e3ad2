#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/shape.h"

namespace headlight {
namespace {

Shape shape(std::initializer_list<std::size_t> extents) { return Shape(extents); }

}  // namespace

TEST_CASE("A shape prints as a tuple") {
  CHECK(to_string(shape({})) == "()");
  CHECK(to_string(shape({3})) == "(3)");
  CHECK(to_string(shape({2, 7, 32})) == "(2, 7, 32)");
}

TEST_CASE("The number of elements is the product of the extents, 1 for a scalar, 0 with an empty axis") {
  CHECK(element_count(shape({})) == 1);
  CHECK(element_count(shape({2, 3, 4, 5, 6})) == 720);
  CHECK(element_count(shape({2, 0, 4})) == 0);
}

TEST_CASE("A product of extents that does not fit is refused") {
  const std::size_t big = std::size_t{1} << 33;
  CHECK_THROWS_AS(element_count(shape({big, big})), ShapeError);  // wraps to 0
  CHECK_THROWS_AS(element_count(shape({std::size_t{0} - 1})), ShapeError);
  CHECK_THROWS_AS(element_count(shape({std::size_t{1} << 62})), ShapeError);  // fits, but not its bytes
  CHECK_THROWS_WITH(element_count(shape({big, big}), "zeros"),
                    Catch::StartsWith("zeros: the number of elements is too large; shape (8589934592, 8589934592)"));
}

TEST_CASE("Shapes broadcast from the last axis, where an extent of 1 stretches") {
  CHECK(broadcast_shape(shape({2, 3}), shape({2, 3}), "add") == shape({2, 3}));
  CHECK(broadcast_shape(shape({2, 3}), shape({3}), "add") == shape({2, 3}));
  CHECK(broadcast_shape(shape({3}), shape({2, 3}), "add") == shape({2, 3}));
  CHECK(broadcast_shape(shape({2, 1, 4}), shape({5, 1}), "add") == shape({2, 5, 4}));
  CHECK(broadcast_shape(shape({}), shape({2, 3}), "add") == shape({2, 3}));
  CHECK(broadcast_shape(shape({1}), shape({0}), "add") == shape({0}));
  CHECK(broadcast_shape(shape({}), shape({}), "add") == shape({}));
}

TEST_CASE("Shapes that do not broadcast are named in the error") {
  CHECK_THROWS_WITH(broadcast_shape(shape({2, 3}), shape({2}), "add"),
                    "add: the shapes do not broadcast; (2, 3) and (2); extents must be equal or 1, counted from the "
                    "last axis");
  CHECK_THROWS_AS(broadcast_shape(shape({0}), shape({2}), "add"), ShapeError);
}

TEST_CASE("One shape broadcasts to another only without changing that one") {
  CHECK(broadcasts_to(shape({3}), shape({2, 3})));
  CHECK(broadcasts_to(shape({1, 3}), shape({2, 3})));
  CHECK(broadcasts_to(shape({}), shape({})));
  CHECK_FALSE(broadcasts_to(shape({2, 3}), shape({3})));
  CHECK_FALSE(broadcasts_to(shape({2, 3}), shape({1, 3})));
  CHECK_FALSE(broadcasts_to(shape({2}), shape({2, 3})));
}

TEST_CASE("An axis counts from the front or from the end") {
  CHECK(checked_axis(0, 3, "sum") == 0);
  CHECK(checked_axis(2, 3, "sum") == 2);
  CHECK(checked_axis(-1, 3, "sum") == 2);
  CHECK(checked_axis(-3, 3, "sum") == 0);
  CHECK_THROWS_WITH(checked_axis(3, 3, "sum"),
                    "sum: axis 3 is out of range; an array of rank 3; axes run from -3 to 2");
  CHECK_THROWS_AS(checked_axis(-4, 3, "sum"), ShapeError);
  CHECK_THROWS_WITH(checked_axis(0, 0, "sum"), Catch::EndsWith("a scalar has no axes"));
}

TEST_CASE("Row-major strides count elements, and are 0 on axes of extent 1") {
  CHECK(row_major_strides(shape({2, 3, 4})) == shape({12, 4, 1}));
  CHECK(row_major_strides(shape({2, 1, 4})) == shape({4, 0, 1}));
  CHECK(row_major_strides(shape({1})) == shape({0}));
  CHECK(row_major_strides(shape({})) == shape({}));
}

}  // namespace headlight
