// The checker itself: what it must catch, on operations that are wrong on purpose.
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "autograd/gradcheck.h"
#include "autograd/make_op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "core/elementwise.h"
#include "core/error.h"
#include "tests/autograd/op_cases.h"

using namespace headlight;
using namespace headlight::op_test;
using Catch::Matchers::Contains;

namespace {

/// x^2 whose gradient is multiplied by `factor`, from element `first` on.
GradcheckFunction square_with_error(Real factor, std::size_t first = 0) {
  return [factor, first](const std::vector<Tensor>& x) {
    return make_op("square", map(x[0].value(), [](Real v) { return v * v; }),
                   {{x[0], [x = x[0], factor, first](const Array& g) -> Array {
                       Array dx = zip_same(g, x.value(), [](Real p, Real q) { return 2 * p * q; });
                       for (std::size_t i = first; i < dx.size(); ++i) dx.data()[i] *= factor;
                       return dx;
                     }}});
  };
}

/// A gradient that double precision must tell from the right one; in float the noise is larger.
constexpr Real kSlightlyWrong = static_cast<Real>(sizeof(Real) == 8 ? 1.01 : 1.25);

}  // namespace

TEST_CASE("the checker accepts a right gradient") {
  const GradcheckResult result = gradcheck(square_with_error(1), {drawn({3, 4}, 1, 2, 1)});
  INFO(to_string(result));
  CHECK(result.passed);
  CHECK(result.comparisons == 12);
  CHECK(result.failures.empty());
}

TEST_CASE("a gradient wrong by one percent is caught, in full and along directions") {
  for (const bool projection : {false, true}) {
    GradcheckOptions options{.projection = projection};
    const GradcheckResult result = gradcheck(square_with_error(kSlightlyWrong), {drawn({3, 4}, 1, 2, 1)}, options);
    CHECK_FALSE(result.passed);
    // A direction may by chance be one along which nothing changes; an element cannot.
    CHECK(result.failure_count >= (projection ? result.comparisons / 2 : result.comparisons));
    CHECK(result.worst_error > 0.005);
  }
}

TEST_CASE("a gradient wrong in a single element is caught and named") {
  const GradcheckResult result = gradcheck(square_with_error(kSlightlyWrong, 11), {drawn({3, 4}, 1, 2, 1)});
  CHECK(result.failure_count == 1);
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].input == "input 0");
  CHECK(result.failures[0].place == "(2, 3)");
  CHECK_THAT(to_string(result), Contains("gradcheck failed: 1 of 12 comparisons failed"));
  CHECK_THAT(to_string(result), Contains("input    index           analytic           numeric       error"));
}

TEST_CASE("the table has as many rows as asked for and counts the rest") {
  const GradcheckResult result =
      gradcheck(square_with_error(2), {drawn({3, 4}, 1, 2, 1)}, GradcheckOptions{.max_failures = 5});
  CHECK(result.failures.size() == 5);
  CHECK(result.failure_count == 12);
  CHECK_THAT(to_string(result), Contains("and 7 more"));
}

TEST_CASE("an input that matters but receives no gradient is caught") {
  const GradcheckFunction product = [](const std::vector<Tensor>& x) { return mul(x[0], x[1].detach()); };
  const GradcheckResult result = gradcheck(product, {drawn({3}, 1, 2, 1), drawn({3}, 1, 2, 2)});
  CHECK_FALSE(result.passed);
  REQUIRE(result.problems.size() == 1);
  CHECK(result.problems[0] == "input 1 received no gradient, but the output depends on it");
}

TEST_CASE("an output without any history is caught when its inputs matter") {
  const GradcheckFunction f = [](const std::vector<Tensor>& x) { return mul(x[0].detach(), x[0].detach()); };
  CHECK_FALSE(gradcheck(f, {drawn({3}, 1, 2, 1)}).passed);
}

TEST_CASE("an input that does not matter needs no gradient") {
  const GradcheckFunction f = [](const std::vector<Tensor>& x) { return mul(x[0], Real{2}); };
  CHECK(gradcheck(f, {drawn({3}, 1, 2, 1), drawn({2}, 1, 2, 2)}).passed);
}

TEST_CASE("a gradient that is not a number is caught") {
  CHECK_FALSE(gradcheck(square_with_error(std::numeric_limits<Real>::quiet_NaN()), {drawn({2}, 1, 2, 1)}).passed);
}

TEST_CASE("a function that answers differently each time is caught") {
  Real calls = 0;
  const GradcheckFunction f = [&calls](const std::vector<Tensor>& x) { return add(x[0], calls += Real{1}); };
  const GradcheckResult result = gradcheck(f, {drawn({2}, 1, 2, 1)});
  REQUIRE_FALSE(result.problems.empty());
  CHECK(result.problems[0] == "f gives different outputs for the same inputs");
}

TEST_CASE("a function that changes its input is caught") {
  const GradcheckFunction f = [](const std::vector<Tensor>& x) {
    x[0].assign(full(x[0].shape(), Real{1}));
    return mul(x[0], Real{2});
  };
  const GradcheckResult result = gradcheck(f, {drawn({2}, 2, 3, 1)});
  REQUIRE_FALSE(result.problems.empty());
  CHECK(result.problems[0] == "f changes input 0");
}

TEST_CASE("a rule that gives another gradient the second time is caught") {
  const GradcheckFunction f = [](const std::vector<Tensor>& x) {
    return make_op("double", map(x[0].value(), [](Real v) { return 2 * v; }),
                   {{x[0], [calls = std::make_shared<int>(0)](const Array& g) -> Array {
                       const Real factor = ++*calls == 1 ? Real{2} : Real{3};
                       return map(g, [factor](Real p) { return factor * p; });
                     }}});
  };
  const GradcheckResult result = gradcheck(f, {drawn({2}, 1, 2, 1)});
  REQUIRE(result.problems.size() == 1);
  CHECK_THAT(result.problems[0], Contains("a second backward() does not add the same again to input 0"));
}

TEST_CASE("parameters that a layer holds are checked by name and left as they were") {
  const Tensor weight(drawn({3}, 1, 2, 3), true);
  weight.set_label("head.weight");
  const Tensor bias(drawn({3}, 1, 2, 4), true);
  const Array before = weight.value();
  const auto layer = [&](const Tensor& x, bool forget_bias) {
    return add(mul(x, weight), forget_bias ? bias.detach() : bias);
  };
  const std::vector<Array> inputs = {drawn({2, 3}, -1, 1, 5)};
  const GradcheckResult right =
      gradcheck([&](const std::vector<Tensor>& x) { return layer(x[0], false); }, inputs, {weight, bias});
  INFO(to_string(right));
  CHECK(right.passed);
  CHECK(right.comparisons == 12);
  CHECK(same_bytes(weight.value(), before));
  CHECK_FALSE(weight.has_grad());
  const GradcheckResult wrong =
      gradcheck([&](const std::vector<Tensor>& x) { return layer(x[0], true); }, inputs, {weight, bias});
  REQUIRE(wrong.problems.size() == 1);
  CHECK(wrong.problems[0] == "parameter 1 received no gradient, but the output depends on it");
}

TEST_CASE("a large input is checked along random directions with few evaluations") {
  std::size_t evaluations = 0;
  const GradcheckFunction f = [&](const std::vector<Tensor>& x) {
    ++evaluations;
    return mean(mul(x[0], x[0]), {.axes = {1}});
  };
  const GradcheckResult result =
      gradcheck(f, {drawn({20, 500}, -1, 1, 6)}, GradcheckOptions{.projection = true, .directions = 3});
  INFO(to_string(result));
  CHECK(result.passed);
  CHECK(result.comparisons == 3);
  CHECK(evaluations == 8);  // two for backward and the comparison of outputs, two per direction
}

TEST_CASE("the checker refuses options and parameters that make no sense") {
  const GradcheckFunction f = [](const std::vector<Tensor>& x) { return x[0]; };
  CHECK_THROWS_WITH(gradcheck(f, {zeros({2})}, GradcheckOptions{.eps = 0}),
                    Contains("gradcheck: an option is out of range"));
  CHECK_THROWS_WITH(gradcheck(f, {zeros({2})}, {Tensor(zeros({2}))}),
                    "gradcheck: parameter 0 is no leaf that requires a gradient; shape (2); give the parameters "
                    "themselves, not frozen");
}

TEST_CASE("the checker refuses to compare nothing") {
  const Tensor weight(drawn({2}, 1, 2, 3), true);
  const GradcheckFunction f = [&](const std::vector<Tensor>&) { return mul(weight, Real{2}); };
  CHECK_THROWS_WITH(
      gradcheck(f, {}),
      "gradcheck: there is no element to differentiate by; 0 inputs, 0 parameters; give at least one input "
      "or parameter with elements");
  CHECK(gradcheck(f, {}, {weight}).comparisons == 2);
  const GradcheckFunction first = [](const std::vector<Tensor>& x) { return mul(x[0], Real{2}); };
  for (const bool projection : {false, true}) {
    CHECK_THROWS_AS(gradcheck(first, {zeros({0, 3})}, GradcheckOptions{.projection = projection}), StateError);
  }
  // Every difference is 0, and so is a gradient that is not there.
  const GradcheckFunction constant = [](const std::vector<Tensor>& x) { return Tensor(zeros(x[0].shape())); };
  const GradcheckResult result = gradcheck(constant, {drawn({2}, 1, 2, 1)});
  CHECK_FALSE(result.passed);
  CHECK(result.problems ==
        std::vector<std::string>{"the inputs received no gradient, and the output depends on none of "
                                 "them: nothing was checked"});
}

TEST_CASE("the checker refuses a difference that overflows: it has checked nothing") {
  const GradcheckFunction overflows = [](const std::vector<Tensor>& x) {
    return make_op("overflows",
                   map(x[0].value(), [](Real v) { return v > 1 ? std::numeric_limits<Real>::infinity() : v; }),
                   {{x[0], [](const Array& g) -> Array { return Array(12345 * g); }}});
  };
  CHECK_FALSE(gradcheck(overflows, {Array{1}}).passed);
}
