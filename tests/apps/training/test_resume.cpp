// Going on from a checkpoint with every kind of optimiser state.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/training/checkpoint.h"
#include "apps/training/checkpoint_files.h"
#include "apps/training/evaluate.h"
#include "tests/apps/training/training_testing.h"

namespace headlight::inline HEADLIGHT_PRECISION {

using headlight::testing::slurp;
using headlight::testing::TemporaryDirectory;
using headlight::testing::tiny_config;
using testing::Parts;
using testing::Saving;
using testing::train_into;
using testing::weight_bytes;

namespace {

/// Configs whose state is more than Adam's moments.
std::vector<std::vector<std::string>> kinds_of_state() {
  return {{"optimizer.ema=0.9"},
          {"optimizer.accumulate=3", "optimizer.ema=0.5"},
          {"optimizer.type=sgd", "optimizer.momentum=0.9", "optimizer.nesterov=true"},
          {"optimizer.type=rmsprop", "optimizer.momentum=0.9", "optimizer.centered=true"},
          {"optimizer.type=lion"},
          {"optimizer.type=muon", "optimizer.ema=0.9"},
          {"optimizer.type=adafactor"},
          {"optimizer.type=schedule_free", "schedule.warmup_steps=3"},
          {R"(optimizer.groups=[{"match": "layers.*", "type": "muon"}, {"match": "head.*", "type": "schedule_free"}])"},
          {"schedule.type=noam", "schedule.warmup_steps=4", "optimizer.form=keras"}};
}

}  // namespace

TEST_CASE("Every kind of optimiser state goes on from a checkpoint to the byte, files included") {
  for (const std::vector<std::string>& overrides : kinds_of_state()) {
    INFO(overrides[0]);
    const config::Config config = tiny_config(overrides);
    const TemporaryDirectory whole_run, run;
    Parts whole(config);
    train_into(whole, whole_run.path());

    Parts first(config);
    Saving saving(first, run.path());
    saving.stop_at = 6;
    train(first.setup(), {}, saving);
    Parts second(config);
    const TrainingState state =
        load_checkpoint(find_checkpoint(run.path(), "last"), *second.model, second.optimizer.get());
    REQUIRE(state.step == 6);
    CHECK(weight_bytes(*second.model) == weight_bytes(*first.model));
    Saving rest(second, run.path());
    train(second.setup(), state, rest);
    CHECK(weight_bytes(*second.model) == weight_bytes(*whole.model));
    for (const char* file : {"model.safetensors", "optimizer.safetensors", "state.json", "DONE"}) {
      const std::string place = std::string("checkpoints/step-00000012/") + file;
      CHECK(slurp(run / place) == slurp(whole_run / place));
    }
  }
}

TEST_CASE("A checkpoint's weights are those that were evaluated: the average where one is kept") {
  for (const char* average : {"optimizer.ema=0.5", "optimizer.type=schedule_free"}) {
    const TemporaryDirectory run;
    Parts parts(tiny_config({average}));
    Saving saving(parts, run.path());
    const TrainingResult result = train(parts.setup(), {}, saving);
    const std::string trained = weight_bytes(*parts.model);
    // Read without an optimiser, as evaluations of a run do.
    Parts read(tiny_config({average}));
    load_checkpoint(find_checkpoint(run.path(), "last"), *read.model, nullptr);
    CHECK(weight_bytes(*read.model) != trained);
    const Evaluation evaluation = evaluate(*read.model, *read.task, {.examples = 20});
    CHECK(evaluation.all.loss() == result.evaluation.all.loss());
    const Optimizer::EvaluationWeights averaged(*parts.optimizer);
    CHECK(weight_bytes(*read.model) == weight_bytes(*parts.model));
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
