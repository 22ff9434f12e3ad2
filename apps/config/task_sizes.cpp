// How many examples a task has, and of which lengths, as its keys say it.
#include <algorithm>
#include <cmath>

#include "apps/config/config.h"

namespace headlight::config {

bool has_one_length(const TaskConfig& task) {
  const auto same = [&](std::uint64_t length) { return length == task.length.min; };
  return task.length.min == task.length.max && std::all_of(task.eval.lengths.begin(), task.eval.lengths.end(), same);
}

std::uint64_t addition_pairs(const AdditionConfig& addition) {
  std::uint64_t pairs = 1;
  for (std::size_t i = 0; i < 2 * addition.digits; ++i) pairs *= 10;
  return pairs;
}

std::uint64_t modular_pairs(const ModularConfig& modular) {
  const std::uint64_t p = modular.p;
  return modular.op == ModularOp::kDivide ? p * (p - 1) : p * p;
}

std::uint64_t modular_training_pairs(const ModularConfig& modular) {
  return static_cast<std::uint64_t>(std::floor(modular.fraction * static_cast<double>(modular_pairs(modular))));
}

std::uint64_t modular_other_pairs(const ModularConfig& modular) {
  return modular_pairs(modular) - modular_training_pairs(modular);
}

std::optional<std::size_t> training_examples(const Config& config) {
  if (config.task.type == TaskType::kModular) return modular_training_pairs(config.task.modular);
  return config.task.train_examples;
}

}  // namespace headlight::config
