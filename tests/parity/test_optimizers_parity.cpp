// Optimisers, clipping and schedules against PyTorch 1.13, and what it does not have against NumPy.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "optim/adafactor.h"
#include "optim/adam.h"
#include "optim/clip.h"
#include "optim/lion.h"
#include "optim/muon.h"
#include "optim/rmsprop.h"
#include "optim/schedule.h"
#include "optim/schedule_free.h"
#include "optim/sgd.h"
#include "tests/common/arrays.h"
#include "tests/optim/labelled.h"
#include "tests/parity/fixture.h"

using namespace headlight;
using namespace headlight::parity;
using headlight::testing::difference;

namespace {

/// Slice `i` of the first axis.
Array slice_of(const Array& stacked, std::size_t i) {
  const Shape shape(stacked.shape().begin() + 1, stacked.shape().end());
  Array piece = uninitialized(shape);
  std::copy_n(stacked.data() + i * piece.size(), piece.size(), piece.data());
  return piece;
}

/// The parameters of a case before its first step.
std::vector<Tensor> parameters_of(const FixtureCase& c) {
  std::vector<Tensor> parameters;
  parameters.reserve(c.parameters.size());
  for (const std::string& name : c.parameters) {
    parameters.push_back(labelled(slice_of(c.array("parameter." + name), 0), name));
  }
  return parameters;
}

/// Takes the ten steps of a case.
void check_steps(const FixtureCase& c, Optimizer& optimizer, const std::vector<Tensor>& parameters) {
  const std::vector<double> factors = c.attributes().value("factors", std::vector<double>(10, 1));
  for (std::size_t step = 0; step < 10; ++step) {
    optimizer.parameters().zero_grad();
    // The gradient of sum(parameter * seed) is the seed.
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].backward(slice_of(c.array("gradient." + c.parameters[i]), step));
    }
    optimizer.step(factors.at(step));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      INFO(c.parameters[i] << " after step " << step);
      const Array expected = slice_of(c.array("parameter." + c.parameters[i]), step + 1);
      CHECK(difference(parameters[i].value(), expected, kRtol, kAtol) == "");
    }
  }
}

/// Decay acts on every parameter in the fixtures: L2 for SGD, Adam and RMSprop, decoupled for AdamW.
std::unique_ptr<Optimizer> optimizer_of(const FixtureCase& c, std::vector<Tensor> parameters) {
  const nlohmann::json& a = c.attributes();
  const double decay = a.at("weight_decay");
  const OptimizerOptions common{.learning_rate = a.at("lr"),
                                .weight_decay = c.op == "adamw" ? decay : 0,
                                .l2 = c.op == "adamw" ? 0 : decay,
                                .decay = DecayScope::all};
  if (c.op == "sgd") {
    const SgdOptions options{.common = common,
                             .momentum = a.at("momentum"),
                             .dampening = a.at("dampening"),
                             .nesterov = a.at("nesterov")};
    return std::make_unique<Sgd>(std::move(parameters), options);
  }
  if (c.op == "rmsprop") {
    const RmspropOptions options{.common = common,
                                 .alpha = a.at("alpha"),
                                 .eps = a.at("eps"),
                                 .momentum = a.at("momentum"),
                                 .centered = a.at("centered")};
    return std::make_unique<Rmsprop>(std::move(parameters), options);
  }
  const AdamOptions options{.common = common,
                            .beta1 = a.at("betas").at(0),
                            .beta2 = a.at("betas").at(1),
                            .eps = a.at("eps")};
  return std::make_unique<Adam>(std::move(parameters), options);
}

Schedule schedule_of(const FixtureCase& c) {
  const nlohmann::json& a = c.attributes();
  const std::uint64_t warmup = a.value("warmup_steps", std::uint64_t{0});
  const std::uint64_t total = a.value("total_steps", std::uint64_t{0});
  if (c.op == "linear_warmup_from_zero") return {.warmup_steps = warmup, .warmup = Warmup::from_zero};
  if (c.op == "linear_warmup") return {.warmup_steps = warmup, .warmup = Warmup::from_first};
  const double rate = a.at("rate");
  if (c.op == "cosine") {
    return {.kind = ScheduleKind::cosine, .steps = total, .final_ratio = a.at("minimum").get<double>() / rate};
  }
  REQUIRE(c.op == "cosine_times_warmup");
  return {.kind = ScheduleKind::cosine_times_warmup, .steps = total, .warmup_steps = warmup};
}

}  // namespace

TEST_CASE("SGD, Adam, AdamW and RMSprop take PyTorch's steps") {
  std::size_t cases = 0;
  for (const FixtureCase& c : fixture_cases("optim/optimizers")) {
    INFO(c.describe());
    ++cases;
    const std::vector<Tensor> parameters = parameters_of(c);
    check_steps(c, *optimizer_of(c, parameters), parameters);
  }
  CHECK(cases == 24);
}

TEST_CASE("clipping scales by PyTorch's factor") {
  std::size_t cases = 0;
  for (const FixtureCase& c : fixture_cases("optim/clipping")) {
    INFO(c.describe());
    ++cases;
    std::vector<Tensor> parameters;
    for (const std::string& name : c.parameters) {
      const Array gradient = c.array("gradient." + name);
      parameters.push_back(labelled(zeros(gradient.shape()), name));
      parameters.back().backward(gradient);
    }
    // From 0 and with rate 1 a step of plain SGD ends at minus the clipped gradient.
    Sgd optimizer(parameters, {.common = {.learning_rate = 1}});
    const double norm = gradient_norm(optimizer.parameters());
    // The norm is summed in double from gradients that float32 holds exactly, in both builds.
    CHECK(std::abs(norm - c.doubles("norm")[0]) <= 1e-12 * norm);
    optimizer.step(1, clip_scale(norm, c.attributes().at("max_norm")));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Array clipped = c.array("clipped." + c.parameters[i]);
      for (Real& g : flat(clipped)) g = -g;
      CHECK(difference(parameters[i].value(), clipped, kRtol, kAtol) == "");
    }
  }
  CHECK(cases == 7);
}

TEST_CASE("schedules have PyTorch's rates") {
  std::size_t cases = 0;
  for (const FixtureCase& c : fixture_cases("optim/schedules")) {
    INFO(c.describe());
    ++cases;
    const Schedule schedule = schedule_of(c);
    schedule.check();
    const double rate = c.attributes().at("rate");
    const std::vector<double> expected = c.doubles("rate");
    REQUIRE(expected.size() == 50);
    for (std::size_t step = 0; step < expected.size(); ++step) {
      INFO("step " << step);
      // A handful of roundings, and near the end of a cosine 1 + cos cancels to the rounding of 1.
      CHECK(std::abs(rate * schedule(step) - expected[step]) <= 1e-15 * rate + 1e-14 * expected[step]);
    }
  }
  CHECK(cases == 18);
}

namespace {

/// The optimisers of the other fixture: decay is decoupled, or L2 where `l2` says so.
std::unique_ptr<Optimizer> other_optimizer_of(const FixtureCase& c, std::vector<Tensor> parameters) {
  const nlohmann::json& a = c.attributes();
  const OptimizerOptions common{.learning_rate = a.at("lr"),
                                .weight_decay = a.at("weight_decay"),
                                .l2 = a.at("l2"),
                                .decay = DecayScope::all};
  const auto beta = [&](std::size_t i) { return a.at("betas").at(i).get<double>(); };
  if (c.op == "adamw") {
    const AdamForm form = a.at("form") == "keras" ? AdamForm::keras : AdamForm::mlx;
    const AdamOptions options{.common = common, .beta1 = beta(0), .beta2 = beta(1), .eps = a.at("eps"), .form = form};
    return std::make_unique<Adam>(std::move(parameters), options);
  }
  if (c.op == "lion") {
    return std::make_unique<Lion>(std::move(parameters),
                                  LionOptions{.common = common, .beta1 = beta(0), .beta2 = beta(1)});
  }
  if (c.op == "muon") {
    const nlohmann::json& adamw = a.at("adamw");
    const bool match = a.at("adjustment") == "match_rms_adamw";
    const MuonOptions options{.common = common,
                              .momentum = a.at("momentum"),
                              .nesterov = a.at("nesterov"),
                              .adjustment = match ? MuonAdjustment::match_rms_adamw : MuonAdjustment::original,
                              .adamw = {.common = {.learning_rate = adamw.at("lr"),
                                                   .weight_decay = adamw.at("weight_decay"),
                                                   .decay = DecayScope::all},
                                        .beta1 = adamw.at("betas").at(0),
                                        .beta2 = adamw.at("betas").at(1),
                                        .eps = adamw.at("eps")}};
    return std::make_unique<Muon>(std::move(parameters), options);
  }
  if (c.op == "adafactor") {
    const AdafactorOptions options{.common = common,
                                   .beta2_decay = a.at("beta2_decay"),
                                   .eps1 = a.at("eps1").get<double>(),
                                   .eps2 = a.at("eps2"),
                                   .clipping_threshold = a.at("clipping_threshold")};
    return std::make_unique<Adafactor>(std::move(parameters), options);
  }
  REQUIRE(c.op == "schedule_free");
  const ScheduleFreeOptions options{.common = common,
                                    .beta1 = beta(0),
                                    .beta2 = beta(1),
                                    .eps = a.at("eps"),
                                    .step_power = a.at("step_power"),
                                    .rate_power = a.at("rate_power")};
  return std::make_unique<ScheduleFree>(std::move(parameters), options);
}

}  // namespace

TEST_CASE("Adam's other forms, Lion, Muon, Adafactor and schedule-free AdamW take the steps of their papers") {
  // tests/reference/make_optimizer_vectors.py, which computes from the papers in NumPy.
  std::size_t cases = 0;
  std::size_t averages = 0;
  for (const FixtureCase& c : fixture_cases("optim/vectors")) {
    INFO(c.describe());
    ++cases;
    const std::vector<Tensor> parameters = parameters_of(c);
    const std::unique_ptr<Optimizer> optimizer = other_optimizer_of(c, parameters);
    check_steps(c, *optimizer, parameters);
    CHECK(optimizer->has_evaluation_weights() == (c.op == "schedule_free"));
    const Optimizer::EvaluationWeights averaged(*optimizer);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (!c.has("average." + c.parameters[i])) continue;
      ++averages;
      CHECK(difference(parameters[i].value(), c.array("average." + c.parameters[i]), kRtol, kAtol) == "");
    }
  }
  CHECK(cases == 18);
  CHECK(averages == 8);
}
