#include "apps/config/config.h"

#include <algorithm>

namespace headlight::config {

bool reads_files(const Config& config) {
  const TaskType type = config.task.type;
  return type == TaskType::kText || type == TaskType::kLines || type == TaskType::kJsonl;
}

bool is_answered_with_numbers(const Config& config) {
  const TargetKind kind = config.task.data.target.kind;
  return config.task.type == TaskType::kLinreg || kind == TargetKind::kValue || kind == TargetKind::kVectors;
}

bool is_measured(const Config& config) { return !reads_files(config) || config.task.data.sizes; }

void set_sizes(Config& config, const DataSizes& sizes) {
  config.task.data.sizes = sizes;
  config.task.train_examples = sizes.train_examples;
  config.task.eval.examples = sizes.eval_examples;
}

std::size_t batch_examples(const Config& config) {
  const BatchSize& size = config.trainer.batch_size;
  return size.full ? training_examples(config).value_or(0) : size.count;
}

namespace {

/// Updates that take `batches` micro-batches, the last one perhaps more.
std::size_t updates_for(std::size_t batches, const Config& config) {
  const std::size_t each = std::max<std::size_t>(config.optimizer.accumulate, 1);
  return (batches + each - 1) / each;
}

}  // namespace

std::size_t batches_per_epoch(const Config& config) {
  const std::size_t examples = training_examples(config).value_or(0);
  const std::size_t batch = batch_examples(config);
  if (batch == 0) return 0;
  return config.trainer.drop_last ? examples / batch : (examples + batch - 1) / batch;
}

std::size_t steps_per_epoch(const Config& config) { return updates_for(batches_per_epoch(config), config); }

std::size_t total_steps(const Config& config) {
  if (config.trainer.steps) return *config.trainer.steps;
  return updates_for(config.trainer.epochs.value_or(0) * batches_per_epoch(config), config);
}

}  // namespace headlight::config
