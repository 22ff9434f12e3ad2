// Optimisers and schedules, feature by feature; features.tsv is the list. Whole trajectories against PyTorch and NumPy:
// tests/parity/test_optimizers_parity.cpp. Here the first step, which mathematics gives.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops.h"
#include "layers/dense.h"
#include "optim/adafactor.h"
#include "optim/adam.h"
#include "optim/clip.h"
#include "optim/lion.h"
#include "optim/muon.h"
#include "optim/rmsprop.h"
#include "optim/schedule.h"
#include "optim/schedule_free.h"
#include "optim/sgd.h"
#include "tests/rows/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

const std::vector<double> kStart{0.5, -1, 2, -0.25};
const std::vector<double> kGradient{0.5, -0.5, 0.25, -2};

void give_gradient(const Tensor& parameter, const Array& g) {
  parameter.zero_grad();
  parameter.backward(g);
}

/// What one update of a (2, 2) matrix at kStart subtracts.
template <class O, class Options>
Array first_step(const Options& options, const std::vector<double>& gradient = kGradient) {
  const Tensor parameter(array({2, 2}, kStart), true);
  parameter.set_label("layer.weight");
  O optimizer({parameter}, options);
  give_gradient(parameter, array({2, 2}, gradient));
  optimizer.step();
  return by_index({2, 2}, [&](const Index& i) { return kStart[2 * i[0] + i[1]] - at(parameter.value(), i); });
}

Array signs(double size) { return array({2, 2}, {size, -size, size, -size}); }

/// eps = 1e-8 beside gradients of .25 errs by 4e-8; differences of numbers near 2 round by their epsilon.
const double kTolerance = 1e-8 + 4 * kEpsilon;

}  // namespace

TEST_CASE("row 44: SGD, Adam, AdamW and RMSprop take their first step, and gradients are clipped by their norm") {
  const Array sgd = by_index({2, 2}, [](const Index& i) { return 0.1 * kGradient[2 * i[0] + i[1]]; });
  CHECK(difference(first_step<Sgd>(SgdOptions{.common = {.learning_rate = 0.1}}), sgd, 0, kTolerance) == "");
  // m / sqrt(v) is the sign at first; RMSprop's v = (1 - alpha) g^2 makes it ten signs.
  CHECK(difference(first_step<Adam>(AdamOptions{.common = {.learning_rate = 0.01}}), signs(0.01), 0, kTolerance) == "");
  CHECK(difference(first_step<Rmsprop>(RmspropOptions{.common = {.learning_rate = 0.01}}), signs(0.1), 0,
                   10 * kTolerance) == "");
  // Without a gradient decoupled decay shrinks by rate * decay; Adam's own moves by a whole step.
  const AdamOptions adamw{.common = {.learning_rate = 0.01, .weight_decay = 0.1}};
  const AdamOptions adam{.common = {.learning_rate = 0.01, .l2 = 0.1}};
  const std::vector<double> none(4, 0);
  const Array shrunk = by_index({2, 2}, [](const Index& i) { return 0.001 * kStart[2 * i[0] + i[1]]; });
  CHECK(difference(first_step<Adam>(adamw, none), shrunk, 0, kTolerance) == "");
  CHECK(difference(first_step<Adam>(adam, none), signs(0.01), 0, 1e-7 + kTolerance) == "");

  const Tensor a(zeros({1}), true), b(zeros({1}), true);
  Sgd optimizer({a, b}, {});
  give_gradient(a, full({1}, 3));
  give_gradient(b, full({1}, 4));
  CHECK(gradient_norm(optimizer.parameters()) == Approx(5));
  CHECK(clip_scale(5, 1) == Approx(1 / (5 + 1e-6)).epsilon(1e-12));
  CHECK(clip_scale(5, 10) == 1);
}

TEST_CASE("row 45: Lion, Muon, Adafactor and schedule-free AdamW take their first step") {
  CHECK(difference(first_step<Lion>(LionOptions{.common = {.learning_rate = 0.01}}), signs(0.01), 0, kTolerance) == "");
  CHECK(difference(first_step<ScheduleFree>(ScheduleFreeOptions{.common = {.learning_rate = 0.01}}), signs(0.01), 0,
                   kTolerance) == "");
  // |g| of rank 1: the factors give it exactly, so that the scaled step is the sign; its size is rate * RMS(theta).
  const double rms = std::sqrt((0.25 + 1 + 4 + 0.0625) / 4);
  const Array factored = first_step<Adafactor>(AdafactorOptions{.common = {.learning_rate = 0.01}}, {1, -2, 3, -6});
  CHECK(difference(factored, signs(0.01 * rms), 1e-6, kTolerance) == "");
  // Muon: an orthogonal gradient has equal singular values, which five steps of its polynomial bring to one in
  // [0.7, 1.2], whatever the size of the gradient.
  const MuonOptions muon{.common = {.learning_rate = 0.1, .weight_decay = 0}};
  const Array turned = first_step<Muon>(muon, {0, -3, 3, 0});
  const double moved = at(turned, {1, 0});
  CHECK((moved > 0.07 && moved < 0.12));
  CHECK(difference(turned, array({2, 2}, {0, -moved, moved, 0}), 0, kTolerance) == "");
}

TEST_CASE("row 46: schedules are functions of the step alone, with warm-up") {
  const Schedule cosine{.kind = ScheduleKind::cosine, .steps = 110, .warmup_steps = 10, .final_ratio = 0.2};
  for (const std::uint64_t step : {110U, 5U, 60U, 0U, 10U, 500U}) {  // in any order
    const auto at_step = static_cast<double>(step);
    const double behind = std::min(at_step, 110.0) / 100 - 0.1;
    const double expected = step < 10 ? at_step / 10 : 0.2 + 0.8 * (1 + std::cos(M_PI * behind)) / 2;
    CHECK(cosine(step) == Approx(expected).margin(1e-12));
  }
  const Schedule linear{.kind = ScheduleKind::linear, .steps = 20, .warmup_steps = 10, .warmup = Warmup::from_first};
  CHECK(linear(0) == Approx(1 / 11.0));
  CHECK(linear(15) == Approx(0.5));
  const Schedule noam{.kind = ScheduleKind::noam, .warmup_steps = 4, .width = 64};
  CHECK(noam(0) == Approx(1 / 8.0 / 8));
  CHECK(noam(15) == Approx(1 / 8.0 / 4));
  const Schedule wsd{.kind = ScheduleKind::wsd, .steps = 10, .decay_steps = 4};
  CHECK(wsd(6) == 1);
  CHECK(wsd(8) == Approx(0.5));
  const Schedule step{.kind = ScheduleKind::step, .gamma = 0.5, .every = 3};
  CHECK(step(7) == 0.25);
  const Schedule root{.kind = ScheduleKind::inverse_sqrt, .warmup_steps = 4};
  CHECK(root(15) == Approx(0.5));
}

TEST_CASE("row 47: the average of the weights stands in for them while they are evaluated, and leaves no trace") {
  const Tensor weight(full({1}, 1), true);
  Sgd optimizer({weight}, {.common = {.learning_rate = 1, .ema = 0.5}});
  for (int update = 0; update < 2; ++update) {  // 1 -> 0 -> -1: the average is 0 at first, then -1/2
    give_gradient(weight, full({1}, 1));
    optimizer.step();
  }
  CHECK(weight.item() == -1);
  {
    const Optimizer::EvaluationWeights averaged(optimizer);
    CHECK(weight.item() == Real{-0.5});
  }
  CHECK(weight.item() == -1);
}

TEST_CASE("row 49: decay spares vectors by default, and groups by name have rates of their own") {
  Init init(1);
  const Dense layer(2, 2, init);
  const Tensor weight = layer.weight(), bias = layer.bias();
  const auto step = [&](const OptimizerOptions& common) {
    weight.assign(full({2, 2}, 1));
    bias.assign(full({2}, 1));
    Sgd optimizer({weight, bias}, {.common = common});
    give_gradient(weight, zeros({2, 2}));
    give_gradient(bias, full({2}, 1));
    optimizer.step();
    return std::vector<double>{at(weight.value(), {0, 0}), at(bias.value(), {0})};
  };
  const auto near = [](const std::vector<double>& actual, double first, double second) {
    return std::abs(actual[0] - first) < 4 * kEpsilon && std::abs(actual[1] - second) < 4 * kEpsilon;
  };
  CHECK(near(step({.learning_rate = 0.1, .weight_decay = 0.5}), 0.95, 0.9));
  CHECK(near(step({.learning_rate = 0.1, .weight_decay = 0.5, .decay = DecayScope::all}), 0.95, 0.85));
  CHECK(near(step({.learning_rate = 0.1, .groups = {{.match = "*bias", .learning_rate = 0.5}}}), 1, 0.5));
  CHECK_THROWS_AS(step({.groups = {{.match = "nothing.*"}}}), ConfigError);
}
