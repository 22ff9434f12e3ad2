// What training makes small: the task's loss by hand, and the supervision of a head.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/attention_scores.h"
#include "apps/inspect/capture.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "tests/apps/training/training_testing.h"
#include "tests/common/arrays.h"

using namespace headlight;
using namespace headlight::testing;

TEST_CASE("a supervised head looks where the task says, and the same model without supervision does not") {
  const auto mass = [](const std::vector<std::string>& overrides) {
    std::vector<std::string> all = overrides;
    all.push_back("steps=60");
    Parts parts(with_model(R"("heads": 2, "layers": 1)", all));
    Notes notes;
    train(parts.setup(), {}, notes);
    Batch batch;
    fill_batch(*parts.task, Split::eval, 0, 20, batch);
    const NoGrad no_grad;
    AttentionCapture capture;
    run_model(*parts.model, batch, {.recorder = &capture});
    return right_score(capture.layers().at(0), 1,
                       {.right =
                            [&](std::size_t member, std::size_t query, std::vector<std::size_t>& keys) {
                              parts.task->right_keys(0, batch.examples[member], query, keys);
                            }})
        .mass();
  };
  const double supervised = mass({"loss.attention.weight=2", "loss.attention.head=1"});
  CHECK(supervised > 0.8);
  CHECK(mass({}) < supervised - 0.1);
}

TEST_CASE("the loss of an objective is the task's plus the weighted supervision") {
  Parts parts(with_model(R"("heads": 2, "layers": 1)"));
  Batch batch;
  fill_batch(*parts.task, Split::train, 0, 4, batch);
  const auto value = [&](const std::vector<std::string>& overrides) {
    const config::Config config = with_model(R"("heads": 2, "layers": 1)", overrides);
    const Objective objective(config.loss, *parts.task, *parts.model);
    return static_cast<double>(objective(*parts.model, batch, {}).loss.item());
  };
  const double task = value({});
  const double once = value({"loss.attention.weight=1"}) - task;
  CHECK(once > 0);
  CHECK(value({"loss.attention.weight=3"}) - task == Approx(3 * once).epsilon(1e-4));
  CHECK(value({"loss.attention.weight=1", "loss.attention.target=same"}) != Approx(task + once));
  // Smoothing s: (1 - s) of the plain loss plus s of the mean over classes, which is larger than 0.
  CHECK(value({"loss.label_smoothing=1"}) > 0);

  // The squared error by hand.
  const Tensor logits(testing::drawn({1, 2, 3}, -1, 1, 5));
  Batch two;
  two.targets = testing::tokens({1, 2}, {2, kIgnoredTarget});
  const config::Config mse = with_model(R"("heads": 2)", {"loss.type=mse"});
  const Real* const y = logits.value().data();
  const double by_hand = static_cast<double>(y[0] * y[0] + y[1] * y[1] + (y[2] - 1) * (y[2] - 1)) / 3;
  CHECK(static_cast<double>(task_loss(logits, two, mse.loss).item()) == Approx(by_hand).epsilon(1e-5));
}

TEST_CASE("supervision of a layer or a head that is not there is refused") {
  const config::Config config = with_model(R"("blocks": [{"type": "multi_head_attention", "d_model": 8, "heads": 2}])",
                                           {"loss.attention.weight=1", "loss.attention.layer=1"});
  Parts parts(config);
  CHECK_THROWS_WITH(Objective(config.loss, *parts.task, *parts.model),
                    Catch::Contains("loss.attention.layer: there is no layer 1 to supervise"));
}

TEST_CASE("a right key that the layer hides has no part in the loss") {
  // A window of 1 shows each position itself alone: the previous one is hidden, the same one has all the weight.
  const std::string window = R"("heads": 2, "layers": 1, "attention": {"window": 1})";
  Parts parts(with_model(window));
  Batch batch;
  fill_batch(*parts.task, Split::train, 0, 4, batch);
  const auto value = [&](const std::vector<std::string>& overrides) {
    const Objective objective(with_model(window, overrides).loss, *parts.task, *parts.model);
    return objective(*parts.model, batch, {}).loss.item();
  };
  CHECK(value({"loss.attention.weight=1", "loss.attention.target=previous"}) == value({}));
  CHECK(value({"loss.attention.weight=1", "loss.attention.target=same"}) == value({}));
  // Of the reversed positions each is hidden in a sequence of even length; in a causal model half of them would be.
  CHECK(value({"loss.attention.weight=1"}) == value({}));
}

TEST_CASE(
    "The losses and gradients of micro-batches add up to those of the batch that they make up, whatever their "
    "lengths") {
  // The mean over all targets, and over all supervised queries, is that of the parts weighted by how many each has.
  const std::string supervised = "loss.attention.weight=2";
  struct Case {
    const char* model;
    std::vector<std::string> overrides;
  };
  for (const Case& one : {Case{R"("heads": 2, "layers": 1)", {}}, Case{R"("heads": 2, "layers": 1)", {"loss.type=mse"}},
                          Case{R"("heads": 2, "layers": 1)", {supervised, "loss.attention.target=previous"}},
                          Case{R"("heads": 2, "encoder_layers": 1, "decoder_layers": 1, "arch": "encoder-decoder")",
                               {supervised, "loss.attention.block=dec.cross"}}}) {
    std::vector<std::string> overrides = one.overrides;
    overrides.push_back(R"(task.length={"min": 1, "max": 9})");
    Parts parts(with_model(one.model, overrides));
    INFO(one.model << (overrides.size() > 1 ? overrides.front() : ""));
    const Objective objective(parts.config.loss, *parts.task, *parts.model);
    // A rate of 0 leaves the weights as they are.
    const UpdateParts update{.model = *parts.model,
                             .objective = objective,
                             .optimizer = *parts.optimizer,
                             .schedule = {.factor = 0},
                             .seed = 3};
    const auto gradients = [&](const std::vector<std::size_t>& sizes, double& loss) {
      std::vector<Batch> batches(sizes.size());
      std::size_t first = 0;
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        fill_batch(*parts.task, Split::train, first, sizes[i], batches[i]);
        first += sizes[i];
      }
      loss = run_update(update, 0, batches).loss;
      std::vector<Array> found;
      for (const NamedParameter& parameter : parts.model->parameters()) found.push_back(parameter.tensor.grad());
      return found;
    };
    double whole_loss = 0, halves_loss = 0, parts_loss = 0;
    const std::vector<Array> whole = gradients({8}, whole_loss);
    const std::vector<Array> halves = gradients({4, 4}, halves_loss);
    const std::vector<Array> uneven = gradients({1, 5, 2}, parts_loss);
    // Sums of at most 100 terms in another order.
    const double tolerance = sizeof(Real) == 8 ? 1e-14 : 2e-6;
    CHECK(std::abs(halves_loss - whole_loss) <= tolerance * std::max(1.0, whole_loss));
    CHECK(std::abs(parts_loss - whole_loss) <= tolerance * std::max(1.0, whole_loss));
    REQUIRE(halves.size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      CHECK(testing::difference(halves[i], whole[i], 0, tolerance) == "");
      CHECK(testing::difference(uneven[i], whole[i], 0, tolerance) == "");
    }
  }
}
