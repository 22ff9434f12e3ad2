// Two encoders trained for 200 AdamW steps as PyTorch 1.13 trained them: same first weights, batches, rates and clipping.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "autograd/ops/loss.h"
#include "core/io/array_io.h"
#include "layers/activation.h"
#include "layers/models/model.h"
#include "layers/positions.h"
#include "layers/summary.h"
#include "optim/adam.h"
#include "optim/clip.h"
#include "optim/schedule.h"
#include "tests/common/arrays.h"
#include "tests/parity/fixture.h"
#include "tests/parity/matching.h"

using namespace headlight;
using namespace headlight::parity;
using headlight::testing::difference;

namespace {

constexpr bool kDouble = sizeof(Real) == 8;

ModelOptions encoder_options(const nlohmann::json& model) {
  ModelOptions options{.vocabulary = model.at("vocabulary"),
                       .d_model = model.at("d_model"),
                       .heads = model.at("heads"),
                       .d_ff = model.at("d_ff"),
                       .layers = model.at("layers"),
                       .max_len = model.at("time"),
                       .norm = model.at("norm") == "pre" ? NormPlacement::pre : NormPlacement::post,
                       .norm_eps = model.at("norm_eps"),
                       .activation = activation_of(model.at("activation").get<std::string>()),
                       .positions = model.at("positions") == "learned" ? Positions::learned : Positions::sinusoidal,
                       .head = model.at("head") == "mlp" ? HeadKind::mlp : HeadKind::linear};
  options.bias.embedding = model.at("embedding_bias");
  return options;
}

Tokens batch_of(const Tokens& all, std::size_t step) {
  Tokens batch(Shape{all.shape()[1], all.shape()[2]});
  std::copy_n(all.data() + step * batch.size(), batch.size(), batch.data());
  return batch;
}

/// Largest |actual / expected - 1| seen, and where.
struct Worst {
  double deviation = 0;
  std::size_t step = 0;

  void see(double actual, double expected, std::size_t at) {
    const double now = std::abs(actual / expected - 1);
    if (!(now <= deviation)) *this = {now, at};
  }
};

void train(const std::string& name) {
  const Fixture run("training/" + name + "_run");
  const nlohmann::json model_json = run.json("model");
  const nlohmann::json recipe = run.json("optimizer");
  Init init(1);
  Model model(encoder_options(model_json), init);
  CHECK(parameter_count(model) == model_json.at("parameters").get<std::size_t>());

  const std::string weights = HEADLIGHT_SOURCE_DIR "/tests/reference/training/" + name + "_weights.safetensors";
  std::set<std::string> loaded;
  for (const NamedArray& weight : read_arrays(weights)) {
    parameter_named(model, weight.name).assign(weight.value);
    loaded.insert(weight.name);
  }
  std::vector<Tensor> parameters;
  std::set<std::string> names, matrices;
  for (const NamedParameter& parameter : model.parameters()) {
    parameters.push_back(parameter.tensor);
    names.insert(parameter.name);
    if (parameter.tensor.rank() == 2) matrices.insert(parameter.name);
  }
  REQUIRE(loaded == names);
  // What our default scope decays is what PyTorch decayed.
  CHECK(matrices == run.json("decayed").get<std::set<std::string>>());

  Adam optimizer(parameters, {.common = {.learning_rate = recipe.at("rate"), .weight_decay = recipe.at("weight_decay")},
                              .beta1 = recipe.at("betas").at(0),
                              .beta2 = recipe.at("betas").at(1),
                              .eps = recipe.at("eps")});
  // rate * min(1, (step + 1) / 20) there is (step + 1) / (w + 1) here.
  const Schedule schedule{.warmup_steps = recipe.at("warmup_steps").get<std::uint64_t>() - 1,
                          .warmup = Warmup::from_first};
  const std::vector<double> rates = run.doubles("rate");
  const std::vector<double> losses = run.doubles("loss");
  const std::vector<double> norms = run.doubles("gradient_norm");
  const Tokens tokens = run.tokens("tokens");
  const Tokens targets = run.tokens("targets");
  REQUIRE(losses.size() == 200);

  Worst worst_loss, worst_norm;
  std::size_t clipped = 0;
  for (std::size_t step = 0; step < losses.size(); ++step) {
    optimizer.parameters().zero_grad();
    const Tensor loss = cross_entropy(model(batch_of(tokens, step), {.training = true}), batch_of(targets, step));
    loss.backward(Graph::release);
    const double norm = gradient_norm(optimizer.parameters());
    worst_loss.see(static_cast<double>(loss.item()), losses[step], step);
    worst_norm.see(norm, norms[step], step);
    const double factor = schedule(step);
    CHECK(std::abs(recipe.at("rate").get<double>() * factor - rates[step]) <= 1e-15 * rates[step]);
    const double scale = clip_scale(norm, recipe.at("clip_norm"));
    clipped += scale < 1 ? 1 : 0;
    optimizer.step(factor, scale);
  }
  INFO(name << ": loss at worst " << worst_loss.deviation << " off (step " << worst_loss.step << "), gradient norm "
            << worst_norm.deviation << " (step " << worst_norm.step << "), " << clipped << " steps clipped");
  CHECK(worst_loss.deviation <= (kDouble ? 1e-9 : 1e-4));
  // A norm is as sensitive to the weights as the loss is, but has no lower bound that keeps relative errors small.
  CHECK(worst_norm.deviation <= (kDouble ? 1e-8 : 1e-3));
  CHECK(clipped > 0);
  SUCCEED("shown with -s");

  // In float a few weights may end elsewhere (tests/reference/README.md): their gradient is rounding noise.
  if (!kDouble) return;
  for (const NamedParameter& parameter : model.parameters()) {
    INFO(parameter.name);
    CHECK(difference(parameter.tensor.value(), run.array("final/" + parameter.name), 1e-9, 1e-9) == "");
  }
}

}  // namespace

TEST_CASE("the reverse model trains as in PyTorch") { train("reverse"); }

TEST_CASE("a four-layer pre-norm model trains as in PyTorch") { train("pre_norm"); }

TEST_CASE("sinusoidal positions are those of the published model") {
  const Fixture run("training/reverse_run");
  const Array expected = run.array("positions");
  // The angles, up to 15, are rounded on both sides, in another order: 4 epsilon of 15.
  const double tolerance = 60 * 0x1p-52;
  CHECK(difference(sinusoidal_table(expected.shape()[0], expected.shape()[1]), expected, 0,
                   kDouble ? tolerance : 0x1p-23) == "");
}
