// Keys of the task that several of them have.
#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

std::size_t longest_default(const Config& c) {
  const bool has_range = c.task.type == TaskType::kRasp || c.task.type == TaskType::kFormal;
  return has_range ? std::max(c.task.length.min, task_defaults(c.task).length.max) : c.task.length.min;
}

Json train_examples_default(const Config& c) {
  const std::optional<std::size_t> examples = task_defaults(c.task).train_examples;
  return c.trainer.sampling == Sampling::kFresh || !examples ? Json(nullptr) : Json(*examples);
}

bool has_length_of_its_own(const Config& c) {
  const TaskType type = c.task.type;
  return type != TaskType::kAddition && type != TaskType::kModular && type != TaskType::kLinreg && !reads_files(c);
}

using C = Config;
using Task = TaskConfig;

}  // namespace

std::vector<Key> task_rows() {
  const Condition has_symbols = only_for("type", {"copy", "induction", "reverse", "sort", "recall", "rasp"});
  const Condition has_length =
      only_for("type", {"copy", "induction", "reverse", "sort", "recall", "mqar", "rasp", "formal"});
  const Condition has_set = only_for("type", {"addition", "copy", "induction", "reverse", "sort", "recall", "mqar",
                                              "rasp", "formal", "linreg"});
  const Need free_symbols =
      need([](const C& c) { return c.task.type != TaskType::kRasp || bracket_kinds(c.task.rasp.program) == 0; },
           "the symbols of `task.program` are brackets", "remove it");
  const Need of_length = need(has_length_of_its_own, "the task of this `task.type` has no length", "remove it");
  const Need of_lengths = need([](const C& c) { return has_length_of_its_own(c) || c.task.type == TaskType::kLinreg; },
                               "the task of this `task.type` has no length", "remove it");
  return {
      {.path = "task", .type = object(), .doc = "what is learned"},
      {.path = "task.type",
       .type = choice<TaskType>({{"addition", TaskType::kAddition},
                                 {"copy", TaskType::kCopy},
                                 {"formal", TaskType::kFormal},
                                 {"induction", TaskType::kInduction},
                                 {"jsonl", TaskType::kJsonl},
                                 {"lines", TaskType::kLines},
                                 {"linreg", TaskType::kLinreg},
                                 {"modular", TaskType::kModular},
                                 {"mqar", TaskType::kMqar},
                                 {"rasp", TaskType::kRasp},
                                 {"recall", TaskType::kRecall},
                                 {"reverse", TaskType::kReverse},
                                 {"sort", TaskType::kSort},
                                 {"text", TaskType::kText}}),
       .fallback = required(),
       .doc = "the task",
       .field = at(&C::task, &Task::type)},
      {.path = "task.symbols",
       .type = integer(2, 1e6),
       .fallback = derived("copy and reverse 10, induction 127, sort 3, recall 18, rasp 6 (reverse and sort 5)",
                           [](const C& c) { return task_defaults(c.task).symbols; }),
       .doc = "number of different symbols, without the marks of the task",
       .field = at(&C::task, &Task::symbols),
       .only = has_symbols,
       .needs = {free_symbols}},
      {.path = "task.length",
       .type = either(integer(1, kLongest), object()),
       .doc = "symbols in one sequence: a number, or the least and the most, between which each length is as likely",
       .only = has_length},
      {.path = "task.length.min",
       .type = integer(1, kLongest),
       .fallback = derived("copy 10, induction 85, reverse 16, sort 6, recall 40 (induction_head 30), mqar 64, rasp 1 "
                           "(dyck 15), formal 1",
                           [](const C& c) { return task_defaults(c.task).length.min; }),
       .doc = "shortest sequence, without the marks of the task",
       .field = at(&C::task, &Task::length, &LengthConfig::min),
       .needs = {of_length}},
      {.path = "task.length.max",
       .type = integer(1, kLongest),
       .fallback = derived("rasp 7 (reverse and sort 6, dyck 15), formal 40, else `task.length.min`",
                           [](const C& c) { return longest_default(c); }),
       .doc = "longest sequence",
       .field = at(&C::task, &Task::length, &LengthConfig::max),
       .needs = {of_length}},
      {.path = "task.train_examples",
       .type = integer(1, kMostExamples),
       .fallback =
           derived("reverse 50000, addition at most 10000, recall 5000, mqar 10000, rasp 18000 (reverse and sort "
                   "12600); none with the others or when `trainer.sampling` is \"fresh\"",
                   [](const C& c) { return train_examples_default(c); }),
       .doc = "size of the fixed training set, in sequences",
       .field = at(&C::task, &Task::train_examples),
       .only = has_set},
      {.path = "task.eval",
       .type = object(),
       .doc = "the set on which the result is measured, never trained on",
       .needs = {generated()}},
      {.path = "task.eval.examples",
       .type = integer(1, kMostExamples),
       .fallback =
           derived("recall 500, mqar 1000, rasp 2000 (reverse and sort 1400), formal 10240, linreg 1280, addition 1000 "
                   "but at most a tenth of all pairs, modular all other pairs, else 10000",
                   [](const C& c) { return task_defaults(c.task).eval_examples; }),
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
       .doc = "lengths (with linreg, points) of a report by length behind the run, with `eval.examples` sequences "
              "shared among them",
       .field = at(&C::task, &Task::eval, &EvalConfig::lengths),
       .needs = {of_lengths}},
  };
}

}  // namespace headlight::config::schema
