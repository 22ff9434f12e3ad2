#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "apps/tasks/task.h"
#include "core/array.h"

namespace headlight {

/// Examples side by side, the shorter ones padded behind their end: B members, T the longest input, Tt the longest
/// target. Padding is id 0 or the number 0 in what is read, and kIgnoredTarget in targets.
struct Batch {
  Tokens inputs{};                     ///< (B, T); without elements where the input is vectors
  std::vector<double> vectors{};       ///< (B, T, features)
  std::size_t features = 0;            ///< of an input vector
  std::vector<std::size_t> lengths{};  ///< of each input
  Tokens begun{};                      ///< (B, Tt): what the decoder of an encoder-decoder reads
  Tokens targets{};                    ///< (B, Tt)
  std::vector<double> values{};        ///< (B, Tt, number of values)
  std::vector<Example> examples{};     ///< the members themselves

  std::size_t size() const { return examples.size(); }
  /// Positions that the model reads, without padding.
  std::size_t tokens() const;
  /// Tt of each member.
  std::vector<std::size_t> target_lengths() const;
};

/// The examples of these requests as a batch; there is at least one. The memory of `batch` is used again when its shapes
/// fit. Throws what Task::example() throws.
void fill_batch(const Task& task, const std::vector<ExampleRequest>& requests, Batch& batch);

/// Examples first, first + 1, ... first + count - 1 of a split, of this length where one is given.
void fill_batch(const Task& task, Split split, std::uint64_t first, std::size_t count, Batch& batch,
                std::optional<std::size_t> length = {});

/// One example that comes from elsewhere as a batch of the task, as often as `copies` says.
Batch example_batch(const Task& task, const Example& example, std::size_t copies = 1);

enum class Sampling {
  epochs,       ///< passes over the training set, in an order of its own each
  sequential,   ///< the same in the order of the set
  replacement,  ///< each example drawn on its own
  fresh,        ///< example step * batch + i, each used once
};

/// A size that grows while training: start at step 0, and one more every `every` updates.
struct Growth {
  std::size_t start = 0;
  std::size_t end = 0;
  std::size_t by = 1;
  std::uint64_t every = 1;

  std::size_t at(std::uint64_t step) const;
};

struct BatchesOptions {
  std::size_t batch_size = 64;
  Sampling sampling = Sampling::epochs;
  bool drop_last = false;  ///< leave out the last batch of an epoch when it is not full
  std::uint64_t seed = 1;  ///< of the orders
  /// One length for all examples of a batch, drawn for each; between these two.
  std::optional<std::pair<std::size_t, std::size_t>> length_per_batch{};
  std::optional<Growth> length{};      ///< curriculum on the length
  std::optional<Growth> dimensions{};  ///< and on the dimensions in use
};

/// The training batches of a run, as a pure function of the step: a resumed run sees what it would have seen. Epoch e
/// goes through the examples in a permutation drawn from (seed, e).
class Batches {
 public:
  /// `task` must outlive this. Throws ConfigError when batch_size is 0, when passes over the set meet an endless one
  /// or one smaller than a batch with drop_last, or `fresh` a set that ends.
  Batches(const Task& task, const BatchesOptions& options);

  /// Steps of one epoch; 0 with Sampling::fresh and replacement.
  std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }

  /// Writes the batch of update `step` = 0, 1, ... Epochs change cheaply forwards; going back draws an order anew.
  void fill(std::uint64_t step, Batch& batch);

 private:
  void draw_order(std::uint64_t epoch);
  std::uint64_t index_of(std::uint64_t step, std::size_t row);

  const Task& task_;
  BatchesOptions options_;
  std::uint64_t count_ = 0;  ///< examples of the training set; 0 of an endless one
  std::uint64_t steps_per_epoch_ = 0;
  std::uint64_t drawn_epoch_ = 0;
  std::vector<std::uint32_t> order_;  ///< examples of drawn_epoch_; drawn when first needed
  bool drawn_ = false;
  std::vector<ExampleRequest> requests_;
};

}  // namespace headlight
