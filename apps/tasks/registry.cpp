#include "apps/tasks/registry.h"

#include <algorithm>
#include <array>

#include "apps/tasks/reverse.h"
#include "core/error.h"

namespace headlight {
namespace {

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
  Lengths lengths{.least = task.length.min, .most = task.length.max};
  for (const std::uint64_t length : task.eval.lengths)
    lengths.longest_asked = std::max<std::size_t>(lengths.longest_asked, length);
  return lengths;
}

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

// One more task: its file beside this one, and its entry here.
constexpr std::array kTasks = {
    TaskEntry{.type = config::TaskType::kReverse,
              .name = "reverse",
              .summary = "say a sequence of random symbols from the last to the first",
              .keys = "symbols, length, train_examples, eval.examples, eval.lengths, eval.seed",
              .make = make_reverse},
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

}  // namespace headlight
