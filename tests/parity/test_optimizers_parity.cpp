// Optimisers, clipping and schedules against PyTorch 1.13, and against vectors from an independent implementation.
#include <algorithm>
#include <cmath>
#include <functional>
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

using Make = std::function<std::unique_ptr<Optimizer>(std::vector<Tensor>)>;

template <class Kind, class Options>
Make maker(const Options& options) {
  return [options](std::vector<Tensor> parameters) { return std::make_unique<Kind>(std::move(parameters), options); };
}

struct Vector {
  std::string name;
  Make make;
  std::vector<double> after;
  double tolerance = 1e-12;
  std::vector<double> factors = {1, 1, 1};  ///< of the rate, at each step
};

/// The vectors that the test below speaks of.
std::vector<Vector> vectors() {
  const OptimizerOptions decoupled{.learning_rate = 0.01, .weight_decay = 0.1};
  return {{"SGD with L2",
           maker<Sgd>(SgdOptions{.common = {.learning_rate = 0.1, .l2 = 0.01}, .momentum = 0.9}),
           {-0.100012236767, 0.200024473533, 0.198592581367, -1.195564786267, 0.547060328667, -0.596636879400}},
          {"SGD nesterov",
           maker<Sgd>(SgdOptions{.common = {.learning_rate = 0.1}, .momentum = 0.9, .nesterov = true}),
           {-0.171366666667, 0.342733333333, 0.164316666667, -1.485466666667, 0.567841666667, -0.600000000000}},
          {"Adam with L2",
           maker<Adam>(AdamOptions{.common = {.learning_rate = 0.01, .l2 = 0.1}}),
           {0.071880019377, -0.171869418340, 0.271534711962, -0.427953066461, 0.522846401723, -0.570017462014}},
          {"AdamW",
           maker<Adam>(AdamOptions{.common = decoupled}),
           {0.071676230719, -0.171376530272, 0.271076831214, -0.426825269301, 0.526525566597, -0.598201799400}},
          {"AdamW, Keras's form",
           maker<Adam>(AdamOptions{.common = decoupled, .eps = 1e-7, .form = AdamForm::keras}),
           {0.071676393217, -0.171376611521, 0.271077156207, -0.426825228677, 0.526524916618, -0.598201799400}},
          {"AdamW, MLX's form",
           maker<Adam>(AdamOptions{.common = decoupled, .form = AdamForm::mlx}),
           {-0.014656813694, -0.085043453303, 0.184743851913, -0.513158362548, 0.612858415675, -0.598201799400}},
          {"RMSprop",
           maker<Rmsprop>(RmspropOptions{}),
           {-0.073710765284, -0.026289218194, 0.126289267761, -0.573710790067, 0.673710666150, -0.600000000000}},
          {"RMSprop with momentum, centered",
           maker<Rmsprop>(RmspropOptions{.momentum = 0.9, .centered = true}),
           {-0.287619778684, 0.187619816411, -0.087619703230, -0.787619835275, 0.887619552322, -0.600000000000}},
          {"Lion",
           maker<Lion>(LionOptions{.common = decoupled}),
           {0.069730289900, -0.169430589800, 0.269130889700, -0.428771209600, 0.528471509500, -0.598201799400}},
          // Five steps of a polynomial multiply rounding errors; the vector's own norm guard is PyTorch's.
          {"Muon",
           maker<Muon>(MuonOptions{.common = {.learning_rate = 0.02, .weight_decay = 0.1}}),
           {0.099479655803, -0.136600767667, 0.282150298433, -0.440651391621, 0.484106772191, -0.592384063333},
           1e-9},
          {"Adafactor",
           maker<Adafactor>(AdafactorOptions{}),
           {0.096206567834, -0.184480058077, 0.284359278497, -0.408674918336, 0.501109106336, -0.600000000000}},
          // The authors' warm-up over two steps: rates of a half, and then the whole.
          {"schedule-free AdamW",
           maker<ScheduleFree>(ScheduleFreeOptions{.common = {.learning_rate = 0.0025, .weight_decay = 0.1}}),
           {0.096661076280, -0.196613583178, 0.296566090234, -0.403101458465, 0.503053965105, -0.599715041623},
           1e-12,
           {0.5, 1, 1}}};
}

Array matrix(const std::vector<double>& values, double scale) {
  return headlight::testing::by_index({2, 3}, [&](const auto& i) { return values[i[0] * 3 + i[1]] * scale; });
}

}  // namespace

TEST_CASE("every optimiser meets vectors of an independent implementation to all their digits") {
  // theta and G below, gradient G / t at step t, three steps. The figures come from a separate implementation of the
  // formulas in optim/ in double; those of SGD, Adam, AdamW in PyTorch's form and RMSprop agree with PyTorch 1.13 to
  // all 12 digits.
  const std::vector<double> start{0.1, -0.2, 0.3, -0.4, 0.5, -0.6};
  const std::vector<double> slope{0.5, -1, 0.25, 2, -0.125, 0};
  for (const Vector& vector : vectors()) {
    INFO(vector.name);
    const Tensor theta = labelled(matrix(start, 1), "theta");
    const std::unique_ptr<Optimizer> optimizer = vector.make({theta});
    for (std::size_t step = 0; step < 3; ++step) {
      optimizer->parameters().zero_grad();
      theta.backward(matrix(slope, 1.0 / static_cast<double>(step + 1)));
      optimizer->step(vector.factors[step]);
    }
    // The figures are rounded to 5e-13; float steps of size 1 round to 1e-7 each.
    const double tolerance = sizeof(Real) == 8 ? vector.tolerance : 1e-6;
    CHECK(difference(theta.value(), matrix(vector.after, 1), 0, tolerance) == "");
    if (vector.name != "schedule-free AdamW") continue;
    const Optimizer::EvaluationWeights averaged(*optimizer);
    CHECK(difference(theta.value(),
                     matrix({0.096749029096, -0.196703202168, 0.296657375394, -0.403021836516, 0.502976009339,
                             -0.599725038665},
                            1),
                     0, tolerance) == "");
  }
}
