#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apps/config/config.h"
#include "apps/training/accuracy.h"
#include "apps/training/metrics.h"
#include "apps/training/update.h"

namespace headlight {

/// The best evaluation so far.
struct BestScore {
  std::string metric{};  ///< "eval/loss": the figure that `checkpoint.best` named
  std::uint64_t step = 0;
  double value = 0;
};

/// Where a run stands. Everything else follows from the config, the weights and the optimiser's state.
struct TrainingState {
  std::uint64_t step = 0;           ///< completed updates, those left out included
  std::uint64_t skipped = 0;        ///< updates left out because loss or gradient was not finite
  std::optional<BestScore> best{};  ///< by `checkpoint.best`; nothing before the first evaluation
  std::uint64_t reached = 0;        ///< evaluations in a row, up to the last one, that reached `stop_when`
  std::string reached_goal{};       ///< which they reached: a config may get another one
  bool ended = false;               ///< the run ended here: its last step logged more than others do
};

/// Told of everything that happens in a run. Nothing it does changes a result.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  /// After every update; cheap, for a progress line.
  virtual void updated(std::uint64_t step) = 0;
  /// A row for the log.
  virtual void row(const MetricsRow& row) = 0;
  /// An update was left out; `reason` names operation, layer and step.
  virtual void skipped(const std::string& reason) = 0;
  /// The weights are those after `step` updates: time to look at what the model does. At the beginning of a run and behind
  /// every update, before a checkpoint of it; `end`: no update follows, unless the run is made longer later.
  virtual void reached(std::uint64_t /*step*/, bool /*end*/) {}
  /// The weights are those after `state.step` updates: time to write a checkpoint.
  virtual void save(const TrainingState& state) = 0;
  /// True when the run shall save and end behind this update.
  virtual bool stop_requested() = 0;
};

enum class Ending {
  finished,  ///< at the last step
  reached,   ///< what `stop_when` asks for, after saving
  stopped,   ///< asked to, after saving
  diverged,  ///< loss or gradient not finite, and the config says to stop; nothing was saved
};

struct TrainingResult {
  Ending ending = Ending::finished;
  TrainingState state{};
  Evaluation evaluation{};   ///< the last one; of the whole held-out set when finished or reached
  std::string reason{};      ///< what the last update that was not finite met
  std::uint64_t tokens = 0;  ///< trained on
  double seconds = 0;        ///< of updates alone, without evaluations and checkpoints

  double tokens_per_second() const { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }
};

}  // namespace headlight

namespace headlight::inline HEADLIGHT_PRECISION {

struct TrainingSetup {
  const config::Config& config;
  const Task& task;
  Model& model;
  Optimizer& optimizer;
  bool evaluate_first = false;  ///< log an evaluation of `eval_examples` before the first update, as at step 0
};

/// Trains from `state` to the last step of the config, or until `stop_when` is reached. At step 0 and every `eval_every`
/// steps `eval_examples` held-out examples are evaluated, at the last step all of them; `checkpoint.best` and `stop_when`
/// go by the former. Rows go to the observer every `log_every` steps, at the last one and for every update left out; it
/// is asked to save every `checkpoint.every` steps, after the best evaluation and at the end.
/// The weights and all figures but the speed are the same for every number of threads.
TrainingResult train(const TrainingSetup& setup, TrainingState state, TrainingObserver& observer);

}  // namespace headlight::inline HEADLIGHT_PRECISION
