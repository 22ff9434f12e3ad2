#include "apps/config/config.h"

namespace headlight::config {

std::size_t batch_examples(const Config& config) {
  const BatchSize& size = config.trainer.batch_size;
  return size.full ? config.task.train_examples.value_or(0) : size.count;
}

std::size_t steps_per_epoch(const Config& config) {
  const std::size_t examples = config.task.train_examples.value_or(0);
  const std::size_t batch = batch_examples(config);
  if (batch == 0) return 0;
  return config.trainer.drop_last ? examples / batch : (examples + batch - 1) / batch;
}

std::size_t total_steps(const Config& config) {
  if (config.trainer.steps) return *config.trainer.steps;
  return config.trainer.epochs.value_or(0) * steps_per_epoch(config);
}

}  // namespace headlight::config
