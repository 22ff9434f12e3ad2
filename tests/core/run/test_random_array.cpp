#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/random_array.h"
#include "core/shape.h"
#include "tests/core/run/threads.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr RandomKey kInitKey{.seed = 7, .stream = stream_id("init"), .step = 0};
const Shape kShape{3, 11, 2003};  // several chunks, the last one odd

}  // namespace

TEST_CASE("Random arrays are the draws in double, rounded once") {
  std::vector<double> expected(element_count(kShape));
  fill_uniform(expected, -2, 3, kInitKey);
  const Array uniform = random_uniform(kShape, -2, 3, kInitKey);
  REQUIRE(uniform.shape() == kShape);
  CHECK(std::equal(expected.begin(), expected.end(), flat(uniform).begin(),
                   [](double x, Real y) { return static_cast<Real>(x) == y; }));
  fill_normal(expected, 1, 0.5, kInitKey);
  const Array normal = random_normal(kShape, 1, 0.5, kInitKey);
  CHECK(std::equal(expected.begin(), expected.end(), flat(normal).begin(),
                   [](double x, Real y) { return static_cast<Real>(x) == y; }));
}

TEST_CASE("Random arrays have equal bytes for every number of threads, and do not depend on the shape") {
  const Array expected = [] {
    const test::Threads scope(1);
    return random_normal(kShape, 0, 1, kInitKey);
  }();
  for (std::size_t threads = 2; threads <= 4; ++threads) {
    const test::Threads scope(threads);
    CHECK(same_bytes(random_normal(kShape, 0, 1, kInitKey), expected));
  }
  const Array part = random_normal({100}, 0, 1, kInitKey);
  CHECK(std::equal(flat(part).begin(), flat(part).end(), flat(expected).begin()));
}

TEST_CASE("A uniform array never reaches its end, though rounding to Real could") {
  // In float, 1 + x with x below 2^-23 rounds to 1 or to the end; a quarter of the draws would round to the end.
  const double end = static_cast<double>(std::nextafter(Real{1}, Real{2}));
  const Array a = random_uniform({1000}, 1, end, kInitKey);
  CHECK(std::all_of(flat(a).begin(), flat(a).end(), [](Real x) { return x == Real{1}; }));
  CHECK(flat(random_uniform({2}, 5, 5, kInitKey))[1] == Real{5});
}

TEST_CASE("Random arrays may be empty or scalar, and refuse what cannot be") {
  CHECK(random_uniform({0, 3}, 0, 1, kInitKey).size() == 0);
  CHECK(random_normal({}, 0, 1, kInitKey).size() == 1);
  CHECK_THROWS_AS(random_uniform({2}, 1, 0, kInitKey), ConfigError);
  CHECK_THROWS_AS(random_normal({2}, 0, -1, kInitKey), ConfigError);
  CHECK_THROWS_AS(random_normal({std::size_t{1} << 33, std::size_t{1} << 33}, 0, 1, kInitKey), ShapeError);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
