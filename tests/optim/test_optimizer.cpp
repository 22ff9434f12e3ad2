// Single steps: first-step figures, decay, what is left alone, threads, messages.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "core/error.h"
#include "optim/adafactor.h"
#include "optim/adam.h"
#include "optim/lion.h"
#include "optim/muon.h"
#include "optim/rmsprop.h"
#include "optim/schedule_free.h"
#include "optim/sgd.h"
#include "tests/common/arrays.h"
#include "tests/core/run/threads.h"
#include "tests/optim/labelled.h"
#include "tests/optim/saved_training.h"

using namespace headlight;
using headlight::testing::difference;
using headlight::testing::drawn;
using headlight::testing::Make;
using headlight::testing::maker;

namespace {

/// The only element after one step from `start` with gradient `g`.
double after_one_step(Optimizer& optimizer, const Tensor& theta, double g) {
  theta.backward(full(theta.shape(), static_cast<Real>(g)));
  optimizer.step();
  return static_cast<double>(theta.value().data()[0]);
}

// Float keeps 7 digits of a value near 1.
const double kStepTolerance = sizeof(Real) == 8 ? 1e-15 : 1.2e-7;

}  // namespace

TEST_CASE("Adam's first step is the rate for gradients far above eps, and smaller near it") {
  // rate * g / (|g| + eps): both bias corrections cancel. PyTorch's form: .990 of the rate at g = 1e-6.
  for (const auto& [g, share] : std::vector<std::pair<double, double>>{
           {3, 1 / (1 + 1e-8 / 3)}, {-0.5, -1 / (1 + 2e-8)}, {1e-6, 1 / 1.01}, {1e-8, 0.5}, {0, 0}}) {
    const Tensor theta = labelled(zeros({1}), "theta");
    Adam adam({theta}, {.common = {.learning_rate = 0.01}});
    INFO("g " << g);
    CHECK(std::abs(after_one_step(adam, theta, g) + 0.01 * share) <= 0.01 * 8 * kStepTolerance);
  }
}

TEST_CASE("SGD's first step is the rate times the gradient, with any momentum and dampening") {
  for (const SgdOptions& options :
       std::vector<SgdOptions>{{.momentum = 0}, {.momentum = 0.9}, {.momentum = 0.9, .dampening = 0.5}}) {
    SgdOptions own = options;
    own.common.learning_rate = 0.5;
    const Tensor theta = labelled(full({1}, 1), "theta");
    Sgd sgd({theta}, own);
    CHECK(after_one_step(sgd, theta, 0.25) == 0.875);
  }
  const Tensor theta = labelled(full({1}, 1), "theta");
  Sgd nesterov({theta}, {.common = {.learning_rate = 0.5}, .momentum = 0.5, .nesterov = true});
  CHECK(after_one_step(nesterov, theta, 0.25) == 1 - 0.5 * (0.25 + 0.5 * 0.25));
}

TEST_CASE("decoupled decay shrinks by rate * decay, also where the gradient is 0, and L2 works through the gradient") {
  const Tensor a = labelled(full({1, 1}, 1), "a");
  Adam adamw({a}, {.common = {.learning_rate = 0.1, .weight_decay = 0.5}});
  CHECK(std::abs(after_one_step(adamw, a, 0) - 0.95) <= kStepTolerance);
  const Tensor b = labelled(full({1, 1}, 1), "b");
  Adam adam({b}, {.common = {.learning_rate = 0.1, .l2 = 0.5}});
  // g becomes 0.5, and Adam's first step is the rate whatever its size.
  CHECK(std::abs(after_one_step(adam, b, 0) - (1 - 0.1 / (1 + 2e-8))) <= kStepTolerance);
  const Tensor c = labelled(full({1, 1}, 1), "c");
  Sgd sgd({c}, {.common = {.learning_rate = 0.1, .weight_decay = 0.5}});
  CHECK(std::abs(after_one_step(sgd, c, 1) - (0.95 - 0.1)) <= kStepTolerance);
}

TEST_CASE("decay leaves biases and gains alone unless told otherwise, and groups have rates of their own") {
  const auto run = [](const OptimizerOptions& options) {
    const Tensor weight = labelled(full({2, 1}, 1), "head.weight"), bias = labelled(full({2}, 1), "head.bias");
    Sgd sgd({weight, bias}, {.common = options});
    weight.backward(full({2, 1}, 1));
    bias.backward(full({2}, 1));
    sgd.step();
    return std::vector<double>{static_cast<double>(weight.value().data()[0]),
                               static_cast<double>(bias.value().data()[0])};
  };
  // Powers of two: exact in both precisions. theta <- 1 - rate decay - rate.
  CHECK(run({.learning_rate = 0.5, .weight_decay = 0.5}) == std::vector<double>{0.25, 0.5});
  CHECK(run({.learning_rate = 0.5, .weight_decay = 0.5, .decay = DecayScope::all}) == std::vector<double>{0.25, 0.25});
  CHECK(run({.learning_rate = 0.5, .groups = {{.match = "*.bias", .learning_rate = 0.25}}}) ==
        std::vector<double>{0.5, 0.75});
}

TEST_CASE("the schedule multiplies every rate and the clipping every gradient") {
  const Tensor theta = labelled(full({2}, 1), "theta");
  Sgd sgd({theta}, {.common = {.learning_rate = 0.5}});
  theta.backward(full({2}, 1));
  sgd.step(0.5, 0.25);
  CHECK(theta.value() == full({2}, Real{0.9375}));
  CHECK(theta.grad() == full({2}, 1));  // scaled as it is read, not written
  sgd.step(0, 1);                       // the first step of a warm-up from zero
  CHECK(theta.value() == full({2}, Real{0.9375}));
}

TEST_CASE("parameters without a gradient are left alone, with their moments and their count") {
  using Counts = std::vector<std::pair<std::string, std::uint64_t>>;
  const Tensor a = labelled(full({3, 2}, 1), "a"), b = labelled(full({2, 2}, 1), "b");
  Adam adam({a, b}, {.common = {.learning_rate = 0.1, .weight_decay = 0.5}});
  a.backward(full({3, 2}, 1));
  adam.step();
  CHECK(b.value() == full({2, 2}, 1));  // not even decay
  OptimizerState state = adam.state();
  CHECK(state.updates == Counts{{"a", 1}, {"b", 0}});
  // Its first update later on is a first update: the same as in a fresh optimiser.
  adam.parameters().zero_grad();
  b.backward(full({2, 2}, Real{0.5}));
  adam.step();
  const Tensor fresh = labelled(full({2, 2}, 1), "b");
  Adam other({fresh}, {.common = {.learning_rate = 0.1, .weight_decay = 0.5}});
  fresh.backward(full({2, 2}, Real{0.5}));
  other.step();
  CHECK(same_bytes(b.value(), fresh.value()));
  CHECK(adam.state().updates == Counts{{"a", 1}, {"b", 1}});
}

TEST_CASE("steps have the same bits for 1, 2 and 3 threads") {
  // 20,000 elements are three tasks of 8,192. Muon and Adafactor take parameters whole, the last one, above 2^18
  // elements, on all threads.
  const auto run = [](std::size_t count, const Make& make) {
    const test::Threads threads(count);
    std::vector<Tensor> parameters;
    for (const Shape& shape : {Shape{100, 200}, Shape{7}, Shape{64, 96}, Shape{520, 516}}) {
      const std::size_t number = parameters.size();
      parameters.push_back(labelled(drawn(shape, -1, 1, number), std::string(1, static_cast<char>('a' + number))));
    }
    const std::unique_ptr<Optimizer> optimizer = make(parameters);
    for (std::uint64_t step = 0; step < 3; ++step) {
      optimizer->parameters().zero_grad();
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        parameters[i].backward(drawn(parameters[i].shape(), -1, 1, 10 * (step + 1) + i));
      }
      optimizer->step(1, 0.5);
    }
    std::vector<Array> all;
    for (const Tensor& parameter : parameters) all.push_back(parameter.value());
    const Optimizer::EvaluationWeights averaged(*optimizer);
    for (const Tensor& parameter : parameters) all.push_back(parameter.value());
    return all;
  };
  const std::vector<Make> kinds{maker<Adam>(AdamOptions{.common = {.weight_decay = 0.1}}),
                                maker<Sgd>(SgdOptions{.common = {.l2 = 0.1}, .momentum = 0.9}),
                                maker<Sgd>(SgdOptions{.common = {.ema = 0.5}}),
                                maker<Rmsprop>(RmspropOptions{.momentum = 0.9, .centered = true}),
                                maker<Lion>(LionOptions{}),
                                maker<Muon>(MuonOptions{}),
                                maker<Adafactor>(AdafactorOptions{}),
                                maker<ScheduleFree>(ScheduleFreeOptions{})};
  for (const auto& make : kinds) {
    const std::vector<Array> one = run(1, make), two = run(2, make), three = run(3, make);
    for (std::size_t i = 0; i < one.size(); ++i) {
      CHECK(same_bytes(one[i], two[i]));
      CHECK(same_bytes(one[i], three[i]));
    }
  }
}

TEST_CASE("a step between forward and backward is an error that names the parameter") {
  const Tensor theta = labelled(full({2}, 1), "head.weight");
  Sgd sgd({theta}, {});
  const Tensor loss = sum(mul(theta, theta));
  theta.backward(full({2}, 1));
  sgd.step();
  CHECK_THROWS_WITH(loss.backward(),
                    "backward: `head.weight` was changed after `mul` had used it; its shape is "
                    "(2); run forward again before backward, and step the optimiser only after backward");
}

TEST_CASE("options that mean nothing are refused") {
  const auto sgd = [](const SgdOptions& options) { Sgd({labelled(zeros({1}), "a")}, options); };
  const auto adam = [](const AdamOptions& options) { Adam({labelled(zeros({1}), "a")}, options); };
  CHECK_THROWS_WITH(sgd({.momentum = 1}), "sgd: momentum is outside [0, 1); 1");
  CHECK_THROWS_WITH(sgd({.momentum = -0.5}), "sgd: momentum is outside [0, 1); -0.5");
  CHECK_THROWS_WITH(sgd({.nesterov = true}),
                    "sgd: nesterov needs a momentum and no dampening; momentum 0, dampening 0");
  CHECK_THROWS_WITH(sgd({.momentum = 0.5, .dampening = 0.5, .nesterov = true}),
                    "sgd: nesterov needs a momentum and no dampening; momentum 0.5, dampening 0.5");
  CHECK_THROWS_WITH(adam({.beta1 = 1}), "adam: beta1 is outside [0, 1); 1");
  CHECK_THROWS_WITH(adam({.beta2 = -0.5}), "adam: beta2 is outside [0, 1); -0.5");
  CHECK_THROWS_WITH(adam({.eps = 0}), "adam: eps must be above 0; 0");
  const double tiny = static_cast<double>(std::numeric_limits<Real>::denorm_min()) / 4;  // rounds to 0
  if (tiny > 0)
    CHECK_THROWS_WITH(adam({.eps = tiny}), Catch::Contains("adam: eps is 0 in the precision of this build; "));
  const double infinite = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(adam({.eps = infinite}),
                    "adam: eps is infinite in the precision of this build; inf; 1e-8 is usual");
  if (sizeof(Real) == 4) {
    CHECK_THROWS_WITH(adam({.eps = 1e39}),
                      "adam: eps is infinite in the precision of this build; 1e+39; 1e-8 is usual");
  }
  CHECK_THROWS_WITH(
      adam({.common = {.weight_decay = 0.5, .l2 = 0.25}}),
      "optimizer: weight_decay and l2 are two kinds of the same thing; only one can be used; weight_decay "
      "0.5, l2 0.25; weight_decay is decoupled (AdamW), l2 is added to the gradient (Adam)");
  const std::vector<Tensor> one{labelled(zeros({1}), "a")};
  const double nan = std::nan("");
  CHECK_THROWS_WITH(Rmsprop(one, {.alpha = 1}), "rmsprop: alpha is outside [0, 1); 1");
  CHECK_THROWS_WITH(Rmsprop(one, {.eps = nan}), "rmsprop: eps must be above 0; nan");
  CHECK_THROWS_WITH(Rmsprop(one, {.momentum = -1}), "rmsprop: momentum is outside [0, 1); -1");
  CHECK_THROWS_WITH(Lion(one, {.beta1 = nan}), "lion: beta1 is outside [0, 1); nan");
  CHECK_THROWS_WITH(Lion(one, {.beta2 = 1}), "lion: beta2 is outside [0, 1); 1");
  CHECK_THROWS_WITH(Muon(one, {.momentum = 1.5}), "muon: momentum is outside [0, 1); 1.5");
  CHECK_THROWS_WITH(Muon(one, {.adamw = {.beta1 = 2}}), "adam: beta1 is outside [0, 1); 2");
  const std::string adafactor =
      "adafactor: beta2_decay must be at most 0, eps at least 0 and clipping_threshold above 0; beta2_decay ";
  CHECK_THROWS_WITH(Adafactor(one, {.beta2_decay = 0.5, .eps1 = 1e-3}),
                    adafactor + "0.5, eps 0.001 and 0.001, clipping_threshold 1");
  CHECK_THROWS_WITH(Adafactor(one, {.eps1 = 1e-3, .clipping_threshold = 0}),
                    adafactor + "-0.8, eps 0.001 and 0.001, clipping_threshold 0");
  CHECK_THROWS_WITH(Adafactor(one, {.eps1 = 0}),
                    "adafactor: the square of eps1 is 0 in the precision of this build; 0; "
                    "use 1e-19 or more");
  CHECK_THROWS_WITH(ScheduleFree(one, {.beta1 = 1}), "schedule_free: beta1 is outside [0, 1); 1");
  CHECK_THROWS_WITH(ScheduleFree(one, {.rate_power = -1}),
                    "schedule_free: step_power and rate_power must be at least 0; 0 and -1");
  CHECK_THROWS_WITH(Sgd(one, {.common = {.ema = 1.0}}), "ema: decay is outside [0, 1); 1; 0.999 is usual");
  CHECK_THROWS_WITH(ScheduleFree(one, {.common = {.ema = 0.5}}),
                    "optimizer: ema beside an algorithm that averages the weights itself; leave ema out: evaluation "
                    "uses the algorithm's own average");
}

TEST_CASE("what cannot be laid out for an optimiser is refused") {
  const Tensor theta = labelled(full({2}, 1), "theta");
  CHECK_THROWS_WITH(Sgd({theta, theta}, {}),
                    "flat parameters: a parameter lies in a flat buffer already; `theta`; give each parameter "
                    "once, to one optimiser at a time");
  CHECK_THROWS_AS(Sgd({mul(theta, theta)}, {}), StateError);
  CHECK_THROWS_AS(Sgd({Tensor(full({2}, 1))}, {}), StateError);
}
