// Keys of what is watched while a run trains, and written: probes, snapshots of their attention, figures of heads, logs,
// output.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

using C = Config;
using Probes = ProbesConfig;
using Snapshots = SnapshotsConfig;
using Heads = HeadsConfig;

Need measured_heads() {
  return need([](const C& c) { return c.heads.examples > 0; }, "`heads.examples` is 0, so that none is measured",
              "remove it, or raise `heads.examples`");
}

}  // namespace

std::vector<Key> inspection_rows() {
  return {
      {.path = "probes", .type = object(), .doc = "inputs on which the run is watched from its first step to its last"},
      {.path = "probes.seed",
       .type = integer(0),
       .fallback = is(1),
       .doc = "seed of the choice among held-out examples",
       .field = at(&C::probes, &Probes::seed)},
      {.path = "probes.random",
       .type = integer(0, 1000),
       .fallback = is(4),
       .doc = "held-out examples among the probes",
       .field = at(&C::probes, &Probes::random)},
      {.path = "probes.inputs",
       .type = list(text(), 0, 1000),
       .fallback = is(Json::array()),
       .doc = "inputs of your own, as `headlight generate --input` takes them",
       .field = at(&C::probes, &Probes::inputs)},
      {.path = "probes.record",
       .type = list(attention_blocks(), 0, 3),
       .fallback = is({"enc.self", "dec.self", "dec.cross"}),
       .doc = "which attention is kept; all three stand for what `model.arch` has of them",
       .field = at(&C::probes, &Probes::record)},
      {.path = "probes.scores",
       .type = boolean(),
       .fallback = is(false),
       .doc = "keep the scores before the softmax too",
       .field = at(&C::probes, &Probes::scores)},

      {.path = "snapshots", .type = object(), .doc = "when the attention on the probes is kept"},
      {.path = "snapshots.schedule",
       .type = choice<SnapshotSchedule>(
           {{"log", SnapshotSchedule::kLog}, {"linear", SnapshotSchedule::kLinear}, {"none", SnapshotSchedule::kNone}}),
       .fallback = is("log"),
       .doc = "ever rarer, at even distances, or never",
       .field = at(&C::snapshots, &Snapshots::schedule)},
      {.path = "snapshots.per_octave",
       .type = integer(1, 64),
       .fallback = is(4),
       .doc = "snapshots while the number of updates doubles",
       .field = at(&C::snapshots, &Snapshots::per_octave),
       .only = only_for("schedule", {"log"})},
      {.path = "snapshots.every",
       .type = integer(1, kMostSteps),
       .fallback = is(500),
       .doc = "updates between two snapshots",
       .field = at(&C::snapshots, &Snapshots::every),
       .only = only_for("schedule", {"linear"})},
      {.path = "snapshots.max",
       .type = integer(2, 10000),
       .fallback = is(64),
       .doc = "the most snapshots of a run; a schedule that asks for more is thinned",
       .field = at(&C::snapshots, &Snapshots::max)},
      {.path = "snapshots.dtype",
       .type = choice<SnapshotType>({{"float32", SnapshotType::kFloat32}, {"float16", SnapshotType::kFloat16}}),
       .fallback = is("float32"),
       .doc = "how weights are stored",
       .field = at(&C::snapshots, &Snapshots::dtype)},

      {.path = "heads", .type = object(), .doc = "what heads do, measured while the run trains"},
      {.path = "heads.every",
       .type = integer(1, kMostSteps),
       .fallback = is(1000),
       .doc = "updates between two measurements; one more is made at the end",
       .field = at(&C::heads, &Heads::every),
       .needs = {measured_heads()}},
      {.path = "heads.examples",
       .type = integer(0, 1e6),
       .fallback = is(64),
       .doc = "held-out examples that a measurement takes; with 0 none is made",
       .field = at(&C::heads, &Heads::examples)},
      {.path = "heads.ablation",
       .type = choice<HeadAblation>({{"mean", HeadAblation::kMean},
                                     {"zero", HeadAblation::kZero},
                                     {"uniform", HeadAblation::kUniform},
                                     {"none", HeadAblation::kNone}}),
       .fallback = is("mean"),
       .doc =
           "what stands in for a head that is taken out: its mean result, zeros, its values read alike; or nothing is",
       .field = at(&C::heads, &Heads::ablation),
       .needs = {measured_heads()}},

      {.path = "logging", .type = object(), .doc = "what is written while training"},
      {.path = "logging.jsonl",
       .type = boolean(),
       .fallback = is(true),
       .doc = "write metrics.jsonl",
       .field = at(&C::logging, &LoggingConfig::jsonl)},
      {.path = "logging.tensorboard",
       .type = boolean(),
       .fallback = is(true),
       .doc = "write a TensorBoard event file with the same figures",
       .field = at(&C::logging, &LoggingConfig::tensorboard)},
      {.path = "logging.tensorboard_images",
       .type = boolean(),
       .fallback = is(false),
       .doc = "put pictures of the snapshots into it",
       .field = at(&C::logging, &LoggingConfig::tensorboard_images)},

      {.path = "output", .type = object(), .doc = "where results go"},
      {.path = "output.root",
       .type = text(),
       .fallback = is("runs"),
       .doc = "directory of all runs",
       .field = at(&C::output, &OutputConfig::root)},
      {.path = "output.view",
       .type = boolean(),
       .fallback = is(true),
       .doc = "write view.html, the page that shows the run",
       .field = at(&C::output, &OutputConfig::view)},
  };
}

}  // namespace headlight::config::schema
