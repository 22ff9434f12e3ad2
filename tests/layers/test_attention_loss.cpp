// Supervision of an attention map: values by hand, gradients by central differences.
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/gradcheck.h"
#include "core/error.h"
#include "layers/attention_loss.h"
#include "layers/multi_head_attention.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::by_index;
using headlight::testing::drawn;

namespace {

Array with(const Shape& shape, const std::vector<double>& values) {
  Array array = uninitialized(shape);
  for (std::size_t i = 0; i < values.size(); ++i) array.data()[i] = static_cast<Real>(values[i]);
  return array;
}

}  // namespace

TEST_CASE("the loss is minus the logarithm of the mass on the right keys, averaged over rows with a target") {
  const Tensor weights(with({1, 2, 2, 3}, {0, 0, 1, 1, 0, 0, 0.5, 0.25, 0.25, 0.2, 0.2, 0.6}));
  const double tolerance = sizeof(Real) == 8 ? 1e-15 : 1e-6;
  // Head 1: rows 0.25 and 0.6; then 0.25 + 0.5 alone.
  CHECK(std::abs(static_cast<double>(attention_loss(weights, 1, with({2, 3}, {0, 0, 1, 0, 0, 1})).item()) -
                 (-std::log(0.25) - std::log(0.6)) / 2) <= 4 * tolerance);
  CHECK(std::abs(static_cast<double>(attention_loss(weights, 1, with({2, 3}, {1, 1, 0, 0, 0, 0})).item()) +
                 std::log(0.75)) <= 4 * tolerance);
  CHECK(attention_loss(weights, 0, with({1, 2, 3}, {0, 0, 1, 1, 0, 0})).item() == 0);
  CHECK(attention_loss(weights, 0, zeros({2, 3})).item() == 0);
  // A right key without weight: -log of the smallest normal number.
  const double worst = -std::log(static_cast<double>(std::numeric_limits<Real>::min()));
  CHECK(std::abs(static_cast<double>(attention_loss(weights, 0, with({2, 3}, {1, 0, 0, 0, 0, 0})).item()) - worst) <=
        1e-5 * worst);
}

TEST_CASE("the gradient of the loss reaches queries and keys, and is that of central differences") {
  Init init(2);
  MultiHeadAttention layer({.d_model = 4, .heads = 2}, init);
  const Array target = by_index({3, 3}, [](const auto& at) { return at[0] + at[1] == 2 && at[0] != 1 ? 1.0 : 0.0; });
  std::vector<Tensor> parameters;
  for (const NamedParameter& p : layer.parameters()) {
    if (p.name.starts_with("query") || p.name == "key.weight") parameters.push_back(p.tensor);
  }
  const GradcheckResult result = gradcheck(
      [&](const std::vector<Tensor>& x) {
        return attention_loss(layer.attend(x[0], x[0], x[0], {}, {}).weights, 1, target);
      },
      {drawn({2, 3, 4}, -1, 1, 3)}, parameters);
  INFO(to_string(result));
  CHECK(result.passed);
}

TEST_CASE("a key that the mask hides gives a finite loss and no gradient") {
  Init init(2);
  MultiHeadAttention layer({.d_model = 4}, init);
  const Tensor x(drawn({1, 2, 4}, -1, 1, 3), true);
  const Tensor weights = layer.attend(x, x, x, Mask::causal(), {}).weights;
  const Tensor loss = attention_loss(weights, 0, with({2, 2}, {0, 1, 0, 0}));
  CHECK(std::isfinite(loss.item()));
  loss.backward();
  for (const Real value : flat(x.grad())) CHECK(value == 0);
}

TEST_CASE("what does not fit is refused") {
  const Tensor weights(zeros({1, 2, 2, 3}));
  CHECK_THROWS_AS(attention_loss(weights, 0, zeros({3, 2})), ShapeError);
  CHECK_THROWS_AS(attention_loss(weights, 0, zeros({2, 2, 3})), ShapeError);
  CHECK_THROWS_WITH(attention_loss(weights, 2, zeros({2, 3})), "attention_loss: there is no head 2; 2 heads");
  CHECK_THROWS_AS(attention_loss(weights, 0, full({2, 3}, 2)), NumericError);
}
