// Keys of the task: those that several have, and those of reverse.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

constexpr std::size_t kReverseTrainExamples = 50000;

using C = Config;
using Task = TaskConfig;

}  // namespace

std::vector<Key> task_rows() {
  const Condition reverse = only_for("type", {"reverse"});
  return {
      {.path = "task", .type = object(), .doc = "what is learned"},
      {.path = "task.type",
       .type = choice<TaskType>({{"reverse", TaskType::kReverse}}),
       .fallback = required(),
       .doc = "the task",
       .field = at(&C::task, &Task::type)},
      {.path = "task.symbols",
       .type = integer(2, 1e6),
       .fallback = is(10),
       .doc = "number of different symbols",
       .field = at(&C::task, &Task::symbols),
       .only = reverse},
      {.path = "task.length",
       .type = either(integer(1, kLongest), object()),
       .doc = "symbols in one sequence: a number, or the least and the most, between which each length is as likely",
       .only = reverse},
      {.path = "task.length.min",
       .type = integer(1, kLongest),
       .fallback = is(16),
       .doc = "shortest sequence",
       .field = at(&C::task, &Task::length, &LengthConfig::min)},
      {.path = "task.length.max",
       .type = integer(1, kLongest),
       .fallback = derived("`task.length.min`", [](const C& c) { return c.task.length.min; }),
       .doc = "longest sequence",
       .field = at(&C::task, &Task::length, &LengthConfig::max)},
      {.path = "task.train_examples",
       .type = integer(1, kMostExamples),
       .fallback = derived("50000, or none when `trainer.sampling` is \"fresh\"",
                           [](const C& c) {
                             const bool fresh = c.trainer.sampling == Sampling::kFresh;
                             return fresh ? Json(nullptr) : Json(kReverseTrainExamples);
                           }),
       .doc = "size of the fixed training set, in sequences",
       .field = at(&C::task, &Task::train_examples),
       .only = reverse},
      {.path = "task.eval", .type = object(), .doc = "the set on which the result is measured, never trained on"},
      {.path = "task.eval.examples",
       .type = integer(1, kMostExamples),
       .fallback = is(10000),
       .doc = "size of the set, in sequences",
       .field = at(&C::task, &Task::eval, &EvalConfig::examples)},
      {.path = "task.eval.seed",
       .type = integer(0),
       .fallback = is(1),
       .doc = "seed of the set; apart from `seed`, so that runs with different seeds are measured alike",
       .field = at(&C::task, &Task::eval, &EvalConfig::seed)},
      {.path = "task.eval.lengths",
       .type = list(integer(1, kLongest), 0, 10000),
       .fallback = is(Json::array()),
       .doc = "lengths of a report by length behind the run, with `eval.examples` sequences shared among them",
       .field = at(&C::task, &Task::eval, &EvalConfig::lengths)},
  };
}

}  // namespace headlight::config::schema
