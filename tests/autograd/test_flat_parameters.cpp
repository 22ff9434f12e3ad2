// Parameters side by side in one buffer: their tensors stay what they were.
#include <catch2/catch.hpp>

#include "autograd/flat_parameters.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "core/error.h"

using namespace headlight;

TEST_CASE("parameters laid out in one buffer keep values, gradients and accumulation") {
  const Tensor a(Array{{1, 2}, {3, 4}}, true);
  const Tensor b(Array{5}, true);
  FlatParameters parameters({a, b});
  CHECK(a.value() == Array{{1, 2}, {3, 4}});
  CHECK(a.value().data() == parameters.values().data());
  CHECK(b.value().data() == parameters.values().data() + parameters.segments()[1].offset);
  sum(mul(a, b)).backward();
  sum(mul(a, b)).backward();
  CHECK(parameters.gradients()[0] == 10);
  CHECK(parameters.gradients()[parameters.segments()[1].offset] == 20);
  CHECK(a.grad().data() == parameters.gradients().data());
  parameters.zero_grad();
  CHECK_FALSE(a.has_grad());
  sum(mul(a, b)).backward();
  CHECK(*a.grad().data() == 5);  // the old gradient is not added to
  const Tensor loss = sum(mul(a, b));
  parameters.values()[0] = 7;
  parameters.mark_changed();
  CHECK(*a.value().data() == 7);
  CHECK_THROWS_AS(loss.backward(), StateError);
  CHECK_THROWS_WITH(FlatParameters({a}), Catch::Contains("lies in a flat buffer already"));
}

TEST_CASE("flat gradients are 0 for parameters that received none this time") {
  const Tensor a(Array{{1, 2}, {3, 4}}, true);
  const Tensor b(Array{5}, true);
  FlatParameters parameters({a, b});
  const std::size_t place = parameters.segments()[1].offset;
  sum(mul(a, b)).backward();
  CHECK(parameters.gradients()[0] == 5);
  CHECK(parameters.gradients()[place] == 10);
  parameters.zero_grad();
  sum(mul(b, b)).backward();
  CHECK_FALSE(a.has_grad());
  for (std::size_t i = 0; i < 4; ++i) CHECK(parameters.gradients()[i] == 0);
  CHECK(parameters.gradients()[place] == 10);
  b.zero_grad();
  CHECK(parameters.gradients()[place] == 0);
}

TEST_CASE("parameters may be laid out again once the first layout is gone, with their values") {
  const Tensor a(Array{1, 2}, true);
  { const FlatParameters first({a}); }
  FlatParameters second({a});
  CHECK(a.value() == Array{1, 2});
  CHECK(a.value().data() == second.values().data());
}
