// The global norm and the factor that clips it.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "optim/clip.h"
#include "tests/common/arrays.h"
#include "tests/core/run/threads.h"

using namespace headlight;
using headlight::testing::drawn;

namespace {

Tensor leaf(const Shape& shape) { return Tensor(zeros(shape), true); }

}  // namespace

TEST_CASE("the norm is taken over all parameters together, in double") {
  const Tensor a = leaf({2}), b = leaf({3, 1}), c = leaf({});
  FlatParameters parameters({a, b, c});
  a.backward(full({2}, 2));     // 4 + 4
  b.backward(full({3, 1}, 2));  // 4 + 4 + 4
  c.backward(scalar(-4));       // 16
  CHECK(gradient_norm(parameters) == 6);
}

TEST_CASE("a norm over many elements loses nothing to float") {
  // 3 blocks and a rest: 50,001 times 0.5^2; float sums of that length err by 1e-3.
  const Tensor a = leaf({50001});
  FlatParameters parameters({a});
  a.backward(full({50001}, Real{0.5}));
  CHECK(std::abs(gradient_norm(parameters) - std::sqrt(50001 * 0.25)) <= 1e-12 * 112);
}

TEST_CASE("parameters without a gradient count as 0, also after zero_grad has left old numbers in memory") {
  const Tensor a = leaf({2}), b = leaf({2});
  FlatParameters parameters({a, b});
  CHECK(gradient_norm(parameters) == 0);
  a.backward(full({2}, 3));
  b.backward(full({2}, 100));
  parameters.zero_grad();
  CHECK(gradient_norm(parameters) == 0);
  a.backward(full({2}, 3));
  CHECK(std::abs(gradient_norm(parameters) - std::sqrt(18.0)) <= 1e-15 * 5);
}

TEST_CASE("a gradient that is not finite makes the norm not finite") {
  for (const Real bad : {std::numeric_limits<Real>::quiet_NaN(), std::numeric_limits<Real>::infinity()}) {
    const Tensor a = leaf({40});
    FlatParameters parameters({a});
    Array gradient = full({40}, 1);
    gradient.data()[37] = bad;
    a.backward(gradient);
    CHECK_FALSE(std::isfinite(gradient_norm(parameters)));
  }
}

TEST_CASE("the norm has the same bits for every number of threads") {
  const Tensor a = leaf({70, 1000}), b = leaf({33});
  FlatParameters parameters({a, b});
  a.backward(drawn({70, 1000}, -1, 1, 1));
  b.backward(drawn({33}, -1, 1, 2));
  std::vector<double> norms;
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    const test::Threads threads(count);
    norms.push_back(gradient_norm(parameters));
  }
  CHECK(norms[1] == norms[0]);
  CHECK(norms[2] == norms[0]);
}

TEST_CASE("the scale is min(1, max_norm / (norm + 1e-6))") {
  CHECK(clip_scale(0, 1) == 1);
  CHECK(clip_scale(0.5, 1) == 1);
  CHECK(clip_scale(1, 1) == 1 / (1 + 1e-6));
  CHECK(clip_scale(4, 1) == 1 / (4 + 1e-6));
  CHECK(clip_scale(1e-6, 1e-6) == 0.5);
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(clip_scale(1, bad), ConfigError);
  }
  CHECK_THROWS_WITH(clip_scale(1, -1), "clip: max_norm must be above 0; -1");
  for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(clip_scale(bad, 1), NumericError);
  }
  CHECK_THROWS_WITH(clip_scale(std::numeric_limits<double>::infinity(), 1),
                    "clip: the gradient norm is not finite; inf; leave this update out, or look for the cause with "
                    "DetectNonFinite");
}
