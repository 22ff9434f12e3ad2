#include "apps/tasks/batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace headlight {
namespace {

/// An array (rows, longest) that holds `padding`; its memory is kept when the shape is.
void shape_rows(Tokens& array, std::size_t rows, std::size_t longest, std::int32_t padding) {
  const Shape shape{rows, longest};
  if (Shape(array.shape()) != shape) array = Tokens(shape);
  std::fill(array.data(), array.data() + array.size(), padding);
}

std::size_t longest(const std::vector<Example>& examples, const std::vector<std::int32_t> Example::*member) {
  std::size_t most = 0;
  for (const Example& example : examples) most = std::max(most, (example.*member).size());
  return most;
}

void set_rows(const std::vector<Example>& examples, const std::vector<std::int32_t> Example::*member,
              std::int32_t padding, Tokens& array) {
  const std::size_t most = longest(examples, member);
  if (most == 0) {
    array = Tokens(Shape{0});
    return;
  }
  shape_rows(array, examples.size(), most, padding);
  for (std::size_t row = 0; row < examples.size(); ++row) {
    const std::vector<std::int32_t>& ids = examples[row].*member;
    std::copy(ids.begin(), ids.end(), array.data() + row * most);
  }
}

/// Numbers (B, longest, width), those of a member at its beginning.
void set_numbers(const std::vector<Example>& examples, const std::vector<double> Example::*member, std::size_t longest,
                 std::size_t width, std::vector<double>& numbers) {
  numbers.assign(examples.size() * longest * width, 0.0);
  for (std::size_t row = 0; row < examples.size(); ++row) {
    const std::vector<double>& own = examples[row].*member;
    std::copy(own.begin(), own.end(), numbers.begin() + static_cast<std::ptrdiff_t>(row * longest * width));
  }
}

/// Everything of a batch that follows from its examples.
void lay_out(Batch& batch, std::size_t features, std::size_t values) {
  batch.features = features;
  batch.lengths.clear();
  for (const Example& example : batch.examples) {
    batch.lengths.push_back(features == 0 ? example.input.size() : example.vectors.size() / features);
  }
  const std::size_t longest_input = *std::max_element(batch.lengths.begin(), batch.lengths.end());
  set_rows(batch.examples, &Example::input, 0, batch.inputs);
  set_rows(batch.examples, &Example::begun, 0, batch.begun);
  set_rows(batch.examples, &Example::target, kIgnoredTarget, batch.targets);
  set_numbers(batch.examples, &Example::vectors, longest_input, features, batch.vectors);
  set_numbers(batch.examples, &Example::values, longest(batch.examples, &Example::target), values, batch.values);
}

}  // namespace

std::size_t Batch::tokens() const {
  std::size_t read = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
  for (const Example& example : examples) read += example.begun.size();
  return read;
}

std::vector<std::size_t> Batch::target_lengths() const {
  std::vector<std::size_t> sizes;
  sizes.reserve(examples.size());
  for (const Example& example : examples) sizes.push_back(example.target.size());
  return sizes;
}

void fill_batch(const Task& task, const std::vector<ExampleRequest>& requests, Batch& batch) {
  const TaskShape shape = task.shape();
  batch.examples.resize(requests.size());
  for (std::size_t row = 0; row < requests.size(); ++row) task.example(requests[row], batch.examples[row]);
  lay_out(batch, shape.features, shape.values);
}

void fill_batch(const Task& task, Split split, std::uint64_t first, std::size_t count, Batch& batch,
                std::optional<std::size_t> length) {
  std::vector<ExampleRequest> requests(count);
  for (std::size_t row = 0; row < count; ++row) {
    requests[row] = {.split = split, .index = first + row, .length = length};
  }
  fill_batch(task, requests, batch);
}

Batch example_batch(const Task& task, const Example& example, std::size_t copies) {
  const TaskShape shape = task.shape();
  Batch batch;
  batch.examples.assign(copies, example);
  lay_out(batch, shape.features, shape.values);
  return batch;
}

std::size_t Growth::at(std::uint64_t step) const {
  const std::uint64_t grown = start + by * (step / every);
  return static_cast<std::size_t>(std::min<std::uint64_t>(grown, end));
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
  // An order of the examples, 4 bytes for each, is what an epoch needs; single draws have no limit.
  const bool ordered = options.sampling == Sampling::epochs;
  if (*examples == 0 || (ordered && *examples > std::numeric_limits<std::uint32_t>::max())) {
    raise<ConfigError>("batches", "a training set has from 1 to 4294967295 examples", fmt::format("{}", *examples),
                       *examples == 0 ? "" : "draw them with `trainer.sampling` \"replacement\"");
  }
  count_ = *examples;
  if (options.sampling == Sampling::replacement) return;
  const std::uint64_t batch = options.batch_size;
  steps_per_epoch_ = options.drop_last ? count_ / batch : (count_ - 1) / batch + 1;
  if (steps_per_epoch_ == 0) {
    raise<ConfigError>("batches", "the training set is smaller than one batch",
                       fmt::format("{} examples, batch_size {}", count_, batch), "lower batch_size");
  }
}

void Batches::draw_order(std::uint64_t epoch) {
  if (drawn_ && drawn_epoch_ == epoch) return;
  order_.resize(count_);
  std::iota(order_.begin(), order_.end(), 0U);
  Random({.seed = options_.seed, .stream = stream_id("batches.order"), .step = epoch})
      .shuffle(std::span<std::uint32_t>(order_));
  drawn_epoch_ = epoch;
  drawn_ = true;
}

std::uint64_t Batches::index_of(std::uint64_t step, std::size_t row) {
  switch (options_.sampling) {
    case Sampling::fresh:
      return step * options_.batch_size + row;
    case Sampling::replacement:
      return Random({.seed = options_.seed, .stream = stream_id("batches.draw") + row, .step = step})
          .uniform_below(count_);
    case Sampling::sequential:
      return step % steps_per_epoch_ * options_.batch_size + row;
    case Sampling::epochs:
      break;
  }
  draw_order(step / steps_per_epoch_);
  return order_[step % steps_per_epoch_ * options_.batch_size + row];
}

void Batches::fill(std::uint64_t step, Batch& batch) {
  std::size_t count = options_.batch_size;
  if (steps_per_epoch_ > 0) {
    count = std::min<std::uint64_t>(count, count_ - step % steps_per_epoch_ * options_.batch_size);
  }
  ExampleRequest common{.split = Split::train};
  if (options_.length_per_batch) {
    const auto [least, most] = *options_.length_per_batch;
    Random random({.seed = options_.seed, .stream = stream_id("batches.length"), .step = step});
    common.length = least + static_cast<std::size_t>(random.uniform_below(most - least + 1));
  }
  if (options_.length) common.length = options_.length->at(step);
  if (options_.dimensions) common.dimensions = options_.dimensions->at(step);
  requests_.assign(count, common);
  for (std::size_t row = 0; row < count; ++row) requests_[row].index = index_of(step, row);
  fill_batch(task_, requests_, batch);
}

}  // namespace headlight
