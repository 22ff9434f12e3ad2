#include <algorithm>

#include "apps/config/task_config.h"

namespace headlight::config {
namespace {

/// 20,000 strings, a tenth of them for the test. Of reverse and sort the reference has fewer: five symbols and at most
/// six places leave about 14,000 different strings among all that it draws.
TaskDefaults rasp_defaults(const RaspConfig& rasp) {
  switch (rasp.program) {
    case RaspProgram::kReverse:
    case RaspProgram::kSort:
      return {.symbols = 5, .length = {1, 6}, .train_examples = 12600, .eval_examples = 1400};
    case RaspProgram::kDyck1:
    case RaspProgram::kDyck2:
      return {.length = {15, 15}, .train_examples = 18000, .eval_examples = 2000};
    case RaspProgram::kHist:
    case RaspProgram::kDoubleHist:
    case RaspProgram::kMostFreq:
      break;
  }
  return {.symbols = 6, .length = {1, 7}, .train_examples = 18000, .eval_examples = 2000};
}

/// 10,000 pairs to train on and 1,000 to evaluate on, or a tenth of all and the rest where there are not as many.
TaskDefaults addition_defaults(const TaskConfig& task) {
  const std::uint64_t pairs = addition_pairs(task.addition);
  const std::size_t evaluated = std::min<std::uint64_t>(1000, pairs / 10);
  const std::uint64_t held_out = task.eval.examples != 0 ? task.eval.examples : evaluated;
  const std::uint64_t others = pairs - std::min(held_out, pairs - 1);
  return {.train_examples = std::min<std::uint64_t>(10000, others), .eval_examples = evaluated};
}

}  // namespace

TaskDefaults task_defaults(const TaskConfig& task) {
  switch (task.type) {
    case TaskType::kRecall: {
      const std::size_t length = task.recall.variant == RecallVariant::kAssocRecall ? 40 : 30;
      return {.symbols = 18, .length = {length, length}, .train_examples = 5000, .eval_examples = 500};
    }
    case TaskType::kMqar:
      return {.length = {64, 64}, .train_examples = 10000, .eval_examples = 1000};
    case TaskType::kRasp:
      return rasp_defaults(task.rasp);
    case TaskType::kFormal:
      return {.length = {1, 40}, .eval_examples = 10240};
    case TaskType::kLinreg:
      return {.eval_examples = 1280};
    case TaskType::kAddition:
      return addition_defaults(task);
    case TaskType::kCopy:
      return {.symbols = 10, .length = {10, 10}, .eval_examples = 10000};
    case TaskType::kInduction:
      return {.symbols = 127, .length = {85, 85}, .eval_examples = 10000};
    case TaskType::kModular:
      return {.eval_examples = modular_other_pairs(task.modular)};
    case TaskType::kSort:
      return {.symbols = 3, .length = {6, 6}, .eval_examples = 10000};
    case TaskType::kText:
    case TaskType::kLines:
    case TaskType::kJsonl:
      return {};
    case TaskType::kReverse:
      break;
  }
  return {.symbols = 10, .length = {16, 16}, .train_examples = 50000, .eval_examples = 10000};
}

std::size_t bracket_kinds(RaspProgram program) {
  if (program == RaspProgram::kDyck1) return 1;
  return program == RaspProgram::kDyck2 ? 2 : 0;
}

bool has_end_mark(RaspProgram program) { return program == RaspProgram::kReverse || program == RaspProgram::kSort; }

std::size_t longest_example(const TaskConfig& task) {
  std::size_t longest = task.type == TaskType::kLinreg ? task.linreg.points : task.length.max;
  for (const std::uint64_t length : task.eval.lengths) longest = std::max<std::size_t>(longest, length);
  return longest;
}

}  // namespace headlight::config
