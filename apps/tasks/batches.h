#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "apps/tasks/task.h"
#include "core/array.h"

namespace headlight {

/// Examples side by side: inputs and targets (B, T).
struct Batch {
  Tokens inputs{};
  Tokens targets{};
};

/// Writes examples first, first + 1, ... first + count - 1 of a split. The memory of `batch` is used again when its
/// shape fits. Throws what Task::example() throws.
void fill_batch(const Task& task, Split split, std::uint64_t first, std::size_t count, Batch& batch);

enum class Sampling {
  epochs,  ///< passes over the training set, in an order of its own each
  fresh,   ///< example step * batch + i, each used once
};

struct BatchesOptions {
  std::size_t batch_size = 64;
  Sampling sampling = Sampling::epochs;
  bool drop_last = false;  ///< leave out the last batch of an epoch when it is not full
  std::uint64_t seed = 1;  ///< of the orders
};

/// The training batches of a run, as a pure function of the step: a resumed run sees what it would have seen. Epoch e
/// goes through the examples in a permutation drawn from (seed, e).
class Batches {
 public:
  /// `task` must outlive this. Throws ConfigError when batch_size is 0, when `epochs` meets an endless training set or
  /// one smaller than a batch with drop_last, or `fresh` a set that ends.
  Batches(const Task& task, const BatchesOptions& options);

  /// Steps of one epoch; 0 with Sampling::fresh.
  std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }

  /// Writes the batch of update `step` = 0, 1, ... Epochs change cheaply forwards; going back draws an order anew.
  void fill(std::uint64_t step, Batch& batch);

 private:
  void draw_order(std::uint64_t epoch);

  const Task& task_;
  BatchesOptions options_;
  std::uint64_t steps_per_epoch_ = 0;
  std::uint64_t drawn_epoch_ = 0;
  std::vector<std::uint32_t> order_;  ///< examples of drawn_epoch_; drawn when first needed
  bool drawn_ = false;
};

}  // namespace headlight
