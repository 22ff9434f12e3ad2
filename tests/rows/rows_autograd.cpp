// The engine, feature by feature; features.tsv is the list. Derivatives are those of calculus.
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/gradcheck.h"
#include "autograd/make_op.h"
#include "autograd/ops.h"
#include "tests/rows/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

/// x^2, whose rule gives `factor` times the right gradient.
Tensor square(const Tensor& x, double factor = 1) {
  return make_op("square", Array(x.value() * x.value()),
                 {{x, [x, factor](const Array& g) -> Array {
                     return Array(static_cast<Real>(2 * factor) * g * x.value());
                   }}});
}

}  // namespace

TEST_CASE("row 38: a user's operation brings its own backward rule and works among ours") {
  const Tensor x(array({2}, {3, -2}), true);
  sum(square(x) * Real{5}).backward();
  CHECK(same_bytes(x.grad(), array({2}, {30, -20})));
  const GradcheckResult result =
      gradcheck([](const std::vector<Tensor>& in) { return square(in[0]); }, {drawn({3}, 0.5, 1, 1)});
  CHECK(result.passed);
}

TEST_CASE("row 39: a no-gradient scope records nothing, and detach cuts one path") {
  const Tensor x(array({1}, {3}), true);
  {
    const NoGrad guard;
    CHECK_FALSE(square(x).requires_grad());
  }
  sum(x * x.detach()).backward();  // d(x c) = c
  CHECK(same_bytes(x.grad(), array({1}, {3})));
}

TEST_CASE("row 40: gradient hooks see and change gradients of values and of leaves") {
  const Tensor x(array({1}, {3}), true);
  const Tensor y = square(x);
  Array seen;
  y.on_gradient([&](Array& g) {
    seen = g;
    g.fill(10);
  });
  sum(y * Real{4}).backward();
  CHECK(same_bytes(seen, array({1}, {4})));
  CHECK(same_bytes(x.grad(), array({1}, {60})));  // 10 * 2 x
}

TEST_CASE("row 41: the gradient check of the double build sees an error of one percent in a layer") {
  Init init(1);
  MultiHeadAttention layer({.d_model = 4, .heads = 2}, init);
  draw(layer);
  std::vector<Tensor> parameters;
  for (const NamedParameter& parameter : layer.parameters()) parameters.push_back(parameter.tensor);
  const auto passes = [&](double factor) {
    return gradcheck([&](const std::vector<Tensor>& x) { return layer(square(x[0], factor), {}); },
                     {drawn({1, 3, 4}, 0.5, 1.5, 1)}, parameters)
        .passed;
  };
  CHECK(passes(1));
  if (sizeof(Real) == 8) CHECK_FALSE(passes(1.01));
}

TEST_CASE("row 43: the first value or gradient that is not finite is named with operation, layer and step") {
  const Tensor large(array({1}, {static_cast<double>(std::numeric_limits<Real>::max())}), true);
  const LayerScope layer(interned("layers.0.attention"));
  const DetectNonFinite watch(812);
  CHECK_THROWS_WITH(mul(large, large), Catch::Contains("step 812") && Catch::Contains("layers.0.attention"));
  const Tensor zero(zeros({1}), true);
  const Tensor root = sum(sqrt(zero));  // its derivative at 0 is infinite
  CHECK_THROWS_WITH(root.backward(), Catch::Contains("sqrt") && Catch::Contains("backward"));
}
