// Averages of the weights, and the scope in which they take the place of those that are trained.
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "core/error.h"
#include "optim/muon.h"
#include "optim/schedule_free.h"
#include "optim/sgd.h"
#include "tests/common/arrays.h"
#include "tests/optim/labelled.h"

using namespace headlight;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

/// The values of a parameter inside the scope.
Array averaged(Optimizer& optimizer, const Tensor& parameter) {
  const Optimizer::EvaluationWeights scope(optimizer);
  return parameter.value();
}

const double kAverageTolerance = sizeof(Real) == 8 ? 1e-15 : 5e-7;

}  // namespace

TEST_CASE("the average of the weights begins with the first and then moves by 1 - decay") {
  // Plain SGD with rate 1 and gradient -1 walks 1, 2, 3, 4. By hand, decay 3/4: 1, 1.25, 1.6875, 2.265625, all exact.
  const Tensor theta = labelled(zeros({2, 3}), "theta");
  Sgd sgd({theta}, {.common = {.learning_rate = 1, .ema = 0.75}});
  CHECK(sgd.has_evaluation_weights());
  CHECK(difference(averaged(sgd, theta), zeros({2, 3}), 0, 0) == "");  // nothing is averaged yet
  int walked = 0;
  for (const double expected : {1.0, 1.25, 1.6875, 2.265625}) {
    sgd.parameters().zero_grad();
    theta.backward(full({2, 3}, -1));
    sgd.step();
    CHECK(difference(averaged(sgd, theta), full({2, 3}, static_cast<Real>(expected)), 0, 0) == "");
    CHECK(theta.value() == full({2, 3}, static_cast<Real>(++walked)));
  }
  // Parameters without a gradient are averaged all the same: 4 comes closer.
  sgd.parameters().zero_grad();
  sgd.step();
  CHECK(difference(averaged(sgd, theta), full({2, 3}, Real{2.265625F * 0.75F + 1}), 0, 0) == "");
}

TEST_CASE("leaving the scope restores the trained weights to the byte, and scopes may lie inside each other") {
  const auto check = [](Optimizer& optimizer, const Tensor& a, const Tensor& b) {
    for (std::uint64_t step = 0; step < 3; ++step) {
      optimizer.parameters().zero_grad();
      a.backward(drawn({3, 5}, -1, 1, step));
      b.backward(drawn({4}, -1, 1, 10 + step));
      optimizer.step();
    }
    const Array trained_a = a.value(), trained_b = b.value();
    {
      const Optimizer::EvaluationWeights outer(optimizer);
      const Array inside = a.value();
      CHECK_FALSE(same_bytes(inside, trained_a));
      CHECK_FALSE(same_bytes(b.value(), trained_b));
      {
        const Optimizer::EvaluationWeights inner(optimizer);
        CHECK(same_bytes(a.value(), inside));
      }
      CHECK(same_bytes(a.value(), inside));
      CHECK_THROWS_WITH(optimizer.step(),
                        "optimizer: a step while the parameters hold the weights to evaluate with; end the "
                        "EvaluationWeights scope first");
    }
    CHECK(same_bytes(a.value(), trained_a));
    CHECK(same_bytes(b.value(), trained_b));
  };
  const auto a = [] { return labelled(drawn({3, 5}, -1, 1, 77), "a"); };
  const auto b = [] { return labelled(drawn({4}, -1, 1, 78), "b"); };
  const Tensor a1 = a(), b1 = b(), a2 = a(), b2 = b();
  Sgd averaging({a1, b1}, {.common = {.learning_rate = 0.5, .ema = 0.9}});
  check(averaging, a1, b1);
  ScheduleFree schedule_free({a2, b2}, {.common = {.learning_rate = 0.5}});
  check(schedule_free, a2, b2);
}

TEST_CASE("without an average the scope changes nothing, not even for a graph that waits for backward") {
  const Tensor theta = labelled(full({2}, 1), "theta");
  Sgd sgd({theta}, {});
  CHECK_FALSE(sgd.has_evaluation_weights());
  const Tensor loss = sum(mul(theta, theta));
  CHECK(difference(averaged(sgd, theta), full({2}, 1), 0, 0) == "");
  CHECK_NOTHROW(loss.backward());
}

TEST_CASE("schedule-free weights are the mean of z under a constant rate") {
  // rate_power 2 and one rate: every update has the same weight, so x is the mean of z_1 ... z_t. With beta1 = 0, y =
  // z.
  const Tensor theta = labelled(drawn({2, 2}, -1, 1, 1), "theta");
  ScheduleFree optimizer({theta}, {.common = {.learning_rate = 0.25}, .beta1 = 0});
  Array mean = zeros({2, 2});
  for (std::uint64_t step = 0; step < 6; ++step) {
    optimizer.parameters().zero_grad();
    theta.backward(drawn({2, 2}, -1, 1, 10 + step));
    optimizer.step();
    for (std::size_t i = 0; i < 4; ++i) mean.data()[i] += theta.value().data()[i] / Real{6};
  }
  CHECK(difference(averaged(optimizer, theta), mean, 8 * kAverageTolerance, 8 * kAverageTolerance) == "");
}

TEST_CASE("schedule-free updates with rate 0 have no weight: the average stays where it is") {
  const Tensor theta = labelled(full({2}, 1), "theta");
  ScheduleFree optimizer({theta}, {});
  theta.backward(full({2}, 1));
  optimizer.step(0);
  CHECK(theta.value() == full({2}, 1));
  CHECK(difference(averaged(optimizer, theta), full({2}, 1), 0, 0) == "");
  optimizer.step(1);
  // The first update with weight is the whole average: x = z = 1 - rate g / (sqrt(v / (1 - beta2^2)) + eps), and v has
  // taken in two squares of 1.
  CHECK(difference(averaged(optimizer, theta), full({2}, static_cast<Real>(1 - 0.0025 / (1 + 1e-8))), kAverageTolerance,
                   0) == "");
}
