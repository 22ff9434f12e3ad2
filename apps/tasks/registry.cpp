#include "apps/tasks/registry.h"

#include <array>

#include "apps/tasks/reverse.h"
#include "core/error.h"

namespace headlight {
namespace {

std::unique_ptr<Task> make_reverse(const config::TaskConfig& task, std::uint64_t seed) {
  return std::make_unique<Reverse>(ReverseOptions{.symbols = task.symbols,
                                                  .length = task.length,
                                                  .train_seed = seed,
                                                  .eval_seed = task.eval.seed,
                                                  .train_examples = task.train_examples,
                                                  .eval_examples = task.eval.examples});
}

// One more task: its file beside this one, and its entry here.
constexpr std::array kTasks = {
    TaskEntry{.type = config::TaskType::kReverse,
              .name = "reverse",
              .summary = "say a sequence of random symbols from the last to the first",
              .keys = "symbols, length, train_examples, eval.examples, eval.seed",
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

std::unique_ptr<Task> make_task(const config::Config& config) {
  return find_task(config.task.type).make(config.task, config.seed);
}

}  // namespace headlight
