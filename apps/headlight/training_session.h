#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "apps/config/config.h"
#include "apps/recording/recorder.h"
#include "apps/training/event_file.h"
#include "apps/training/metrics.h"
#include "apps/training/progress.h"
#include "apps/training/trainer.h"
#include "core/io/file.h"

namespace headlight {

/// Watches a run while it trains: metrics.jsonl, TensorBoard's event file, train.log, the progress on stderr, what is
/// recorded of attention, checkpoints, and the signals that ask it to stop.
class TrainingSession : public TrainingObserver {
 public:
  /// What the session writes to, and about. `start` are the facts of the start row. All must outlive it.
  struct Parts {
    const config::Config& config;
    const std::filesystem::path& directory;
    const Task& task;
    Model& model;
    Optimizer& optimizer;
    const std::vector<Probe>& probes;
    Progress& progress;
    bool verbose;                ///< tell of every checkpoint on the progress line too
    const TrainingState& state;  ///< where training takes the run up
    bool resumed;   ///< the directory holds the run up to there: rows and checkpoints beyond it are dropped
    bool redo_end;  ///< the run had ended at this step: what only a last step logs is dropped too
    bool over;      ///< no update is left: it is recorded as an end
  };
  TrainingSession(const Parts& parts, const nlohmann::ordered_json& start);

  void updated(std::uint64_t step) override { parts_.progress.updated(step); }
  void row(const MetricsRow& row) override;
  void skipped(const std::string& reason) override;
  void reached(std::uint64_t step, bool end) override;
  void save(const TrainingState& state) override;
  bool stop_requested() override;

  /// A line for train.log.
  void log(const std::string& line);

  /// The held-out row with the least loss.
  const std::optional<MetricsRow>& best() const { return best_; }

 private:
  /// Cuts the logs back to the state that training goes on from.
  void rewind(const std::filesystem::path& metrics);
  void note_best(const MetricsRow& row);

  Parts parts_;
  Recorder recorder_;
  std::optional<MetricsLog> metrics_;
  std::optional<EventFile> events_;
  AppendFile log_;
  std::optional<MetricsRow> best_;
};

}  // namespace headlight
