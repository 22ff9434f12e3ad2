#include "apps/tasks/batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace headlight {
namespace {

void shape_batch(Batch& batch, std::size_t rows, std::size_t length) {
  const Shape shape{rows, length};
  if (Shape(batch.inputs.shape()) != shape) batch.inputs = Tokens(shape);
  if (Shape(batch.targets.shape()) != shape) batch.targets = Tokens(shape);
}

void write_row(const Task& task, Split split, std::uint64_t index, std::size_t row, Batch& batch) {
  const std::size_t length = task.length();
  task.example(split, index, flat(batch.inputs).subspan(row * length, length),
               flat(batch.targets).subspan(row * length, length));
}

}  // namespace

void fill_batch(const Task& task, Split split, std::uint64_t first, std::size_t count, Batch& batch) {
  shape_batch(batch, count, task.length());
  for (std::size_t row = 0; row < count; ++row) write_row(task, split, first + row, row, batch);
}

Batches::Batches(const Task& task, const BatchesOptions& options) : task_(task), options_(options) {
  if (options.batch_size == 0) raise<ConfigError>("batches", "batch_size must be at least 1");
  const std::optional<std::uint64_t> examples = task.examples(Split::train);
  if (options.sampling == Sampling::fresh) {
    if (examples) {
      raise<ConfigError>("batches", "fresh examples need a training set without an end",
                         fmt::format("this one has {}", *examples), "use sampling by epochs");
    }
    return;
  }
  if (!examples) {
    raise<ConfigError>("batches", "an epoch needs a training set of fixed size", {},
                       "give the number of training examples, or use fresh ones");
  }
  if (*examples == 0 || *examples > std::numeric_limits<std::uint32_t>::max()) {
    raise<ConfigError>("batches", "a training set has from 1 to 4294967295 examples", fmt::format("{}", *examples));
  }
  const std::uint64_t batch = options.batch_size;
  steps_per_epoch_ = options.drop_last ? *examples / batch : (*examples - 1) / batch + 1;
  if (steps_per_epoch_ == 0) {
    raise<ConfigError>("batches", "the training set is smaller than one batch",
                       fmt::format("{} examples, batch_size {}", *examples, batch), "lower batch_size");
  }
  order_.resize(*examples);
}

void Batches::draw_order(std::uint64_t epoch) {
  if (drawn_ && drawn_epoch_ == epoch) return;
  std::iota(order_.begin(), order_.end(), 0U);
  Random({.seed = options_.seed, .stream = stream_id("batches.order"), .step = epoch})
      .shuffle(std::span<std::uint32_t>(order_));
  drawn_epoch_ = epoch;
  drawn_ = true;
}

void Batches::fill(std::uint64_t step, Batch& batch) {
  if (options_.sampling == Sampling::fresh) {
    fill_batch(task_, Split::train, step * options_.batch_size, options_.batch_size, batch);
    return;
  }
  draw_order(step / steps_per_epoch_);
  const std::size_t begin = (step % steps_per_epoch_) * options_.batch_size;
  const std::size_t count = std::min(options_.batch_size, order_.size() - begin);
  shape_batch(batch, count, task_.length());
  for (std::size_t row = 0; row < count; ++row) write_row(task_, Split::train, order_[begin + row], row, batch);
}

}  // namespace headlight
