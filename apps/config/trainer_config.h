#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace headlight::config {

// The values of `trainer`, like all others in config.h.

enum class Sampling { kEpochs, kFresh, kReplacement, kWindows };
enum class NonFinite { kStop, kSkip };
enum class Metric { kLoss, kTokAcc, kSeqAcc };

/// `count` examples, or the whole training set when `full`.
struct BatchSize {
  bool full{};
  std::size_t count{};
};

struct CheckpointConfig {
  std::size_t every{};
  std::size_t keep{};
  std::optional<Metric> best;  ///< of held-out evaluations: the checkpoint with the best one is kept
};

/// The end of a run before its last step: `metric` has reached the limit `times` evaluations in a row.
struct StopWhen {
  std::optional<Metric> metric;
  std::optional<double> at_least;  ///< exactly one of the two limits is set with a metric
  std::optional<double> at_most;
  std::size_t times{};
};

/// A size of the examples that grows while training.
struct GrowthConfig {
  std::optional<std::size_t> start;  ///< empty: it does not grow
  std::size_t end{};
  std::size_t by{};
  std::size_t every{};  ///< updates between two growths
};

struct CurriculumConfig {
  GrowthConfig length;
  GrowthConfig dimensions;
};

struct TrainerConfig {
  std::optional<std::size_t> steps;  ///< exactly one of steps and epochs is set: see total_steps()
  std::optional<std::size_t> epochs;
  BatchSize batch_size;
  Sampling sampling{};
  bool drop_last{};
  bool length_per_batch{};
  CurriculumConfig curriculum;
  std::optional<std::size_t> threads;  ///< empty: one per core
  std::size_t log_every{};
  std::size_t eval_every{};
  std::size_t eval_examples{};
  CheckpointConfig checkpoint;
  StopWhen stop_when;
  NonFinite non_finite{};
};

}  // namespace headlight::config
