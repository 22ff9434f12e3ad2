#include "apps/tasks/registry.h"

#include <array>

#include "apps/tasks/data_task.h"
#include "apps/tasks/make_algorithms.h"
#include "apps/tasks/makers.h"
#include "apps/tasks/reverse.h"
#include "core/error.h"

namespace headlight {

SequenceLayout layout_of(config::Arch arch) {
  switch (arch) {
    case config::Arch::kEncoder:
      return SequenceLayout::per_position;
    case config::Arch::kDecoder:
      return SequenceLayout::one_sequence;
    case config::Arch::kEncoderDecoder:
      break;
  }
  return SequenceLayout::two_sequences;
}

Lengths lengths_of(const config::TaskConfig& task) {
  const bool points = task.type == config::TaskType::kLinreg;
  return {.least = points ? task.linreg.points : task.length.min,
          .most = points ? task.linreg.points : task.length.max,
          .asked = {task.eval.lengths.begin(), task.eval.lengths.end()}};
}

namespace {

std::unique_ptr<Task> make_reverse(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Reverse>(ReverseOptions{.layout = layout_of(config.model.arch),
                                                  .symbols = task.symbols,
                                                  .length = lengths_of(task),
                                                  .train_seed = config.seed,
                                                  .eval_seed = task.eval.seed,
                                                  .train_examples = task.train_examples,
                                                  .eval_examples = task.eval.examples});
}

std::unique_ptr<Task> make_data(const config::Config& config) { return make_data_task(config); }

// One more task: its file beside this one, and its entry here.
constexpr std::array kTasks = {
    TaskEntry{.type = config::TaskType::kAddition,
              .name = "addition",
              .summary = "add two numbers, digit by digit",
              .keys = "digits, order, signs, train_examples, eval.examples, eval.seed",
              .make = make_addition},
    TaskEntry{.type = config::TaskType::kCopy,
              .name = "copy",
              .summary = "say a sequence of random symbols again",
              .keys = "symbols, length, first, train_examples, eval.examples, eval.lengths, eval.seed",
              .make = make_copy},
    TaskEntry{.type = config::TaskType::kFormal,
              .name = "formal",
              .summary =
                  "problems of formal languages, and whether they hold for longer strings (Deletang et al. 2022)",
              .keys = "problem, length, train_examples, eval.examples, eval.lengths, eval.seed",
              .make = make_formal},
    TaskEntry{.type = config::TaskType::kInduction,
              .name = "induction",
              .summary = "go on with a block of random tokens that stood in the sequence before",
              .keys = "symbols, length, block, repeats, train_examples, eval.examples, eval.lengths, eval.seed",
              .make = make_induction},
    TaskEntry{.type = config::TaskType::kJsonl,
              .name = "jsonl",
              .summary = "what a file of JSON lines asks: one object with an input and a target per line",
              .keys = "train_file, eval_file, split, split_seed, input, target, predict, ignore, order, vocabulary",
              .make = make_data},
    TaskEntry{.type = config::TaskType::kLines,
              .name = "lines",
              .summary = "write items like those of a file, one per line, character by character",
              .keys = "path, eval_examples, split_seed",
              .make = make_data},
    TaskEntry{.type = config::TaskType::kLinreg,
              .name = "linreg",
              .summary = "predict y = w . x from pairs of x and y alone (Garg et al. 2022)",
              .keys = "dimensions, points, noise, train_examples, eval.examples, eval.lengths, eval.seed",
              .make = make_linreg},
    TaskEntry{.type = config::TaskType::kModular,
              .name = "modular",
              .summary = "compute with two numbers modulo p, from a part of all pairs",
              .keys = "op, p, fraction, eval.examples, eval.seed",
              .make = make_modular},
    TaskEntry{.type = config::TaskType::kMqar,
              .name = "mqar",
              .summary = "recall the values of several keys, each where it is asked for (Arora et al. 2023)",
              .keys = "vocab, length, pairs, power, random_non_queries, train_examples, eval.examples, eval.lengths, "
                      "eval.seed",
              .make = make_mqar},
    TaskEntry{.type = config::TaskType::kRasp,
              .name = "rasp",
              .summary = "count, sort or reverse a string, or match its brackets (Friedman et al. 2023)",
              .keys = "program, symbols, length, train_examples, eval.examples, eval.lengths, eval.seed",
              .make = make_rasp},
    TaskEntry{.type = config::TaskType::kRecall,
              .name = "recall",
              .summary = "recall what stood behind the same symbol before (Fu et al. 2022)",
              .keys = "variant, symbols, length, train_examples, eval.examples, eval.lengths, eval.seed",
              .make = make_recall},
    TaskEntry{.type = config::TaskType::kReverse,
              .name = "reverse",
              .summary = "say a sequence of random symbols from the last to the first",
              .keys = "symbols, length, train_examples, eval.examples, eval.lengths, eval.seed",
              .make = make_reverse},
    TaskEntry{.type = config::TaskType::kSort,
              .name = "sort",
              .summary = "put a sequence of random symbols into ascending order",
              .keys = "symbols, length, hash_split, train_examples, eval.examples, eval.lengths, eval.seed",
              .make = make_sort},
    TaskEntry{.type = config::TaskType::kText,
              .name = "text",
              .summary = "say the next character, or byte, of a text",
              .keys = "path, level, split",
              .make = make_data},
};

}  // namespace

std::span<const TaskEntry> tasks() { return kTasks; }

const TaskEntry& find_task(config::TaskType type) {
  for (const TaskEntry& entry : kTasks) {
    if (entry.type == type) return entry;
  }
  raise<StateError>("task", "a task of the config is not registered", {}, "add it to apps/tasks/registry.cpp");
}

std::unique_ptr<Task> make_task(const config::Config& config) { return find_task(config.task.type).make(config); }

std::unique_ptr<Task> make_task(config::LoadedConfig& loaded) {
  std::unique_ptr<Task> task = make_task(loaded.config);
  if (const auto* const data = dynamic_cast<const DataTask*>(task.get())) loaded = measured(loaded, data->sizes());
  return task;
}

}  // namespace headlight
