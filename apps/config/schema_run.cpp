// Keys of a run: what it is called, and the loop.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

constexpr std::size_t kShownWhileTraining = 1000;

const char* default_sampling(const Config& c) {
  if (c.task.type == TaskType::kText) return "windows";
  return reads_files(c) || training_examples(c) ? "epochs" : "fresh";
}

using C = Config;
using Train = TrainerConfig;

}  // namespace

std::vector<Key> run_rows() {
  return {
      {.path = "$schema",
       .type = text(),
       .fallback = absent("no schema for the editor"),
       .doc = "JSON Schema that an editor checks the file with; read by nothing here"},
      {.path = "format",
       .type = integer(1, 1),
       .fallback = is(1),
       .doc = "version of the config format",
       .field = at(&C::format),
       .remedy = "a config of a newer format needs a newer Headlight"},
      {.path = "name",
       .type = text(TextRule::kFileName),
       .fallback = derived("the task's type", [](const C& c) { return selected(*find_branch("task.type")->key, c); }),
       .doc = "name of the run; its directory is `<output.root>/<name>/...`",
       .field = at(&C::name)},
      {.path = "seed",
       .type = integer(0),
       .fallback = is(1),
       .doc = "seed of the initial weights, the training data and dropout",
       .field = at(&C::seed)},

      {.path = "compat",
       .type = choice<Compat>({{"torch", Compat::kTorch}, {"keras", Compat::kKeras}, {"founding", Compat::kFounding}}),
       .fallback = absent("Headlight's own defaults"),
       .doc = "take another system's defaults: epsilon of norms, initial weights, and the optimizer's epsilon and form",
       .field = at(&C::compat)},
  };
}

std::vector<Key> loop_rows() {
  const Need early_end = need([](const C& c) { return c.trainer.stop_when.metric.has_value(); },
                              "`trainer.stop_when.metric` is not given", "give the metric, or remove `stop_when`");
  const auto metric = [] {
    return choice<Metric>(
        {{"eval/loss", Metric::kLoss}, {"eval/tok_acc", Metric::kTokAcc}, {"eval/seq_acc", Metric::kSeqAcc}});
  };
  return {
      {.path = "trainer", .type = object(), .doc = "the loop"},
      {.path = "trainer.steps",
       .type = integer(1, kMostSteps),
       .fallback = absent("`epochs` says it"),
       .doc = "length of the run in updates",
       .field = at(&C::trainer, &Train::steps),
       .alias = "steps",
       .exactly_one = "length of the run"},
      {.path = "trainer.epochs",
       .type = integer(1, 1e6),
       .fallback = absent("`steps` says it"),
       .doc = "length of the run in passes over the fixed training set",
       .field = at(&C::trainer, &Train::epochs),
       .alias = "epochs",
       .exactly_one = "length of the run"},
      {.path = "trainer.batch_size",
       .type = either(integer(1, 1e6), choice<int>({{"full", 0}})),
       .fallback = is(64),
       .doc = "sequences per micro-batch (see `optimizer.accumulate`); \"full\" is the whole training set",
       .field = at(&C::trainer, &Train::batch_size),
       .alias = "batch_size"},
      {.path = "trainer.sampling",
       .type = choice<Sampling>({{"fresh", Sampling::kFresh},
                                 {"epochs", Sampling::kEpochs},
                                 {"replacement", Sampling::kReplacement},
                                 {"windows", Sampling::kWindows}}),
       .fallback = derived("\"windows\" of a text, \"epochs\" with a fixed training set, else \"fresh\"",
                           [](const C& c) { return default_sampling(c); }),
       .doc =
           "new sequences for every batch; passes over the training set, shuffled anew each time; each sequence drawn "
           "on its own; or windows at random places of a text",
       .field = at(&C::trainer, &Train::sampling)},
      {.path = "trainer.drop_last",
       .type = boolean(),
       .fallback = is(false),
       .doc = "leave out the last batch of an epoch when it is not full",
       .field = at(&C::trainer, &Train::drop_last),
       .only = only_for("sampling", {"epochs"})},
      {.path = "trainer.threads",
       .type = integer(1, 1024),
       .fallback = absent("one per core"),
       .doc = "threads; the result does not depend on it",
       .field = at(&C::trainer, &Train::threads),
       .alias = "threads"},
      {.path = "trainer.log_every",
       .type = integer(1, kMostSteps),
       .fallback = is(50),
       .doc = "updates between two train rows of the log",
       .field = at(&C::trainer, &Train::log_every)},
      {.path = "trainer.eval_every",
       .type = integer(1, kMostSteps),
       .fallback = is(500),
       .doc = "updates between two evaluations",
       .field = at(&C::trainer, &Train::eval_every)},
      {.path = "trainer.eval_examples",
       .type = integer(1, kMostExamples),
       .fallback = derived("the smaller of 1000 and `task.eval.examples`",
                           [](const C& c) { return std::min(kShownWhileTraining, c.task.eval.examples); }),
       .doc = "examples of an evaluation during training; the one at the end takes all",
       .field = at(&C::trainer, &Train::eval_examples)},
      {.path = "trainer.checkpoint", .type = object(), .doc = "saved states to go on from"},
      {.path = "trainer.checkpoint.every",
       .type = integer(1, kMostSteps),
       .fallback = is(1000),
       .doc = "updates between two checkpoints; one more is written at the end",
       .field = at(&C::trainer, &Train::checkpoint, &CheckpointConfig::every)},
      {.path = "trainer.checkpoint.keep",
       .type = integer(1, 1e6),
       .fallback = is(3),
       .doc = "newest checkpoints that stay on disk",
       .field = at(&C::trainer, &Train::checkpoint, &CheckpointConfig::keep)},
      {.path = "trainer.checkpoint.best",
       .type = metric(),
       .fallback = absent("the newest ones alone are kept"),
       .doc = "keep the checkpoint with the best held-out figure too, and name it in checkpoints/best.txt",
       .field = at(&C::trainer, &Train::checkpoint, &CheckpointConfig::best)},
      {.path = "trainer.stop_when", .type = object(), .doc = "end the run early, once it is good enough"},
      {.path = "trainer.stop_when.metric",
       .type = metric(),
       .fallback = absent("the run goes on to its last step"),
       .doc = "the held-out figure that decides, of the evaluations every `trainer.eval_every` updates",
       .field = at(&C::trainer, &Train::stop_when, &StopWhen::metric)},
      {.path = "trainer.stop_when.at_least",
       .type = number({.from = -1e300, .to = 1e300}),
       .fallback = absent("`at_most` says it"),
       .doc = "the figure must be this large or larger",
       .field = at(&C::trainer, &Train::stop_when, &StopWhen::at_least),
       .needs = {early_end}},
      {.path = "trainer.stop_when.at_most",
       .type = number({.from = -1e300, .to = 1e300}),
       .fallback = absent("`at_least` says it"),
       .doc = "the figure must be this small or smaller",
       .field = at(&C::trainer, &Train::stop_when, &StopWhen::at_most),
       .needs = {early_end}},
      {.path = "trainer.stop_when.times",
       .type = integer(1, 1e6),
       .fallback = is(1),
       .doc = "evaluations in a row that must reach it",
       .field = at(&C::trainer, &Train::stop_when, &StopWhen::times),
       .needs = {early_end}},
      {.path = "trainer.non_finite",
       .type = choice<NonFinite>({{"stop", NonFinite::kStop}, {"skip", NonFinite::kSkip}}),
       .fallback = is("stop"),
       .doc = "at a NaN or infinite loss or gradient: end the run, or leave the update out",
       .field = at(&C::trainer, &Train::non_finite)},
  };
}

}  // namespace headlight::config::schema
