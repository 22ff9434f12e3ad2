// Optimisers, clipping and schedules against PyTorch 1.13, and against vectors from an independent implementation.
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "optim/adam.h"
#include "optim/clip.h"
#include "optim/schedule.h"
#include "optim/sgd.h"
#include "tests/common/arrays.h"
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

Tensor labelled(Array value, const std::string& label) {
  Tensor tensor(std::move(value), true);
  tensor.set_label(label);
  return tensor;
}

/// Decay acts on every parameter in the fixtures: L2 for SGD and Adam, decoupled for AdamW.
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

TEST_CASE("SGD, Adam and AdamW take PyTorch's steps") {
  std::size_t cases = 0;
  for (const FixtureCase& c : fixture_cases("optim/optimizers")) {
    INFO(c.describe());
    ++cases;
    std::vector<Tensor> parameters;
    std::vector<Array> values, gradients;
    for (const std::string& name : c.parameters) {
      values.push_back(c.array("parameter." + name));
      gradients.push_back(c.array("gradient." + name));
      parameters.push_back(labelled(slice_of(values.back(), 0), name));
    }
    const std::unique_ptr<Optimizer> optimizer = optimizer_of(c, parameters);
    for (std::size_t step = 0; step < 10; ++step) {
      optimizer->parameters().zero_grad();
      // The gradient of sum(parameter * seed) is the seed.
      for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].backward(slice_of(gradients[i], step));
      optimizer->step();
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        INFO(c.parameters[i] << " after step " << step);
        CHECK(difference(parameters[i].value(), slice_of(values[i], step + 1), kRtol, kAtol) == "");
      }
    }
  }
  CHECK(cases == 18);
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

TEST_CASE("SGD, Adam and AdamW meet vectors of an independent implementation to all their digits") {
  // theta and G below, gradient G / t at step t, three steps. The figures come from a separate implementation of the
  // formulas in optim/{sgd,adam}.h in double and agree with PyTorch 1.13 to all 12 digits.
  struct Vector {
    std::string name;
    std::function<std::unique_ptr<Optimizer>(std::vector<Tensor>)> make;
    std::vector<double> after;
  };
  const auto sgd = [](const SgdOptions& options) {
    return [options](std::vector<Tensor> p) { return std::make_unique<Sgd>(std::move(p), options); };
  };
  const auto adam = [](const AdamOptions& options) {
    return [options](std::vector<Tensor> p) { return std::make_unique<Adam>(std::move(p), options); };
  };
  const std::vector<Vector> vectors{
      {"SGD with L2",
       sgd({.common = {.learning_rate = 0.1, .l2 = 0.01}, .momentum = 0.9}),
       {-0.100012236767, 0.200024473533, 0.198592581367, -1.195564786267, 0.547060328667, -0.596636879400}},
      {"SGD nesterov",
       sgd({.common = {.learning_rate = 0.1}, .momentum = 0.9, .nesterov = true}),
       {-0.171366666667, 0.342733333333, 0.164316666667, -1.485466666667, 0.567841666667, -0.600000000000}},
      {"Adam with L2",
       adam({.common = {.learning_rate = 0.01, .l2 = 0.1}}),
       {0.071880019377, -0.171869418340, 0.271534711962, -0.427953066461, 0.522846401723, -0.570017462014}},
      {"AdamW",
       adam({.common = {.learning_rate = 0.01, .weight_decay = 0.1}}),
       {0.071676230719, -0.171376530272, 0.271076831214, -0.426825269301, 0.526525566597, -0.598201799400}}};
  const std::vector<double> start{0.1, -0.2, 0.3, -0.4, 0.5, -0.6};
  const std::vector<double> slope{0.5, -1, 0.25, 2, -0.125, 0};
  // The figures are rounded to 5e-13; float steps of size 1 round to 1e-7 each.
  const double tolerance = sizeof(Real) == 8 ? 1e-12 : 1e-6;
  const auto matrix = [](const std::vector<double>& values, double scale) {
    return headlight::testing::by_index({2, 3}, [&](const auto& i) { return values[i[0] * 3 + i[1]] * scale; });
  };
  for (const Vector& vector : vectors) {
    INFO(vector.name);
    const Tensor theta = labelled(matrix(start, 1), "theta");
    const std::unique_ptr<Optimizer> optimizer = vector.make({theta});
    for (int t = 1; t <= 3; ++t) {
      optimizer->parameters().zero_grad();
      theta.backward(matrix(slope, 1.0 / t));
      optimizer->step();
    }
    CHECK(difference(theta.value(), matrix(vector.after, 1), 0, tolerance) == "");
  }
}
