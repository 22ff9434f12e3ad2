// Keys of a run: what it is called, the loop, logs and output.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

constexpr std::size_t kShownWhileTraining = 1000;

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
       .type = choice<Sampling>({{"fresh", Sampling::kFresh}, {"epochs", Sampling::kEpochs}}),
       .fallback = derived("\"epochs\" with a fixed training set, else \"fresh\"",
                           [](const C& c) { return c.task.train_examples ? "epochs" : "fresh"; }),
       .doc = "new sequences for every batch, or passes over the training set, shuffled anew each time",
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
      {.path = "trainer.non_finite",
       .type = choice<NonFinite>({{"stop", NonFinite::kStop}, {"skip", NonFinite::kSkip}}),
       .fallback = is("stop"),
       .doc = "at a NaN or infinite loss or gradient: end the run, or leave the update out",
       .field = at(&C::trainer, &Train::non_finite)},

      {.path = "logging", .type = object(), .doc = "what is written while training"},
      {.path = "logging.jsonl",
       .type = boolean(),
       .fallback = is(true),
       .doc = "write metrics.jsonl",
       .field = at(&C::logging, &LoggingConfig::jsonl)},

      {.path = "output", .type = object(), .doc = "where results go"},
      {.path = "output.root",
       .type = text(),
       .fallback = is("runs"),
       .doc = "directory of all runs",
       .field = at(&C::output, &OutputConfig::root)},
  };
}

}  // namespace headlight::config::schema
