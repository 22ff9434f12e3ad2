#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "apps/config/config.h"
#include "apps/recording/probes.h"
#include "apps/recording/snapshot.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"
#include "optim/optimizer.h"

namespace headlight {

/// Snapshots that a whole run takes, and about how many bytes the weights of one of them are.
struct RecordingSize {
  std::size_t snapshots = 0;
  std::uint64_t bytes = 0;
};
RecordingSize recording_size(const config::Config& config, const Model& model, const std::vector<Probe>& probes);

/// Writes what is watched of a run while it trains: `probes.json` at once, then at the steps of the schedule, and at the
/// end of the run, a snapshot, and every `heads.every` steps and at the end the figures of the heads, as lines of
/// `head_stats.jsonl` (apps/heads/head_statistics.h). It looks at the weights that an evaluation takes, and changes nothing of the run.
class Recorder {
 public:
  /// All must outlive it.
  struct Parts {
    const config::Config& config;
    const Task& task;
    Model& model;
    Optimizer& optimizer;
    const std::vector<Probe>& probes;
    const std::filesystem::path& run;
  };
  /// Throws FileError.
  explicit Recorder(const Parts& parts);

  /// Drops what was recorded at `step` and behind it: the run goes on from there, and reaches it again. Throws FileError.
  void rewind(std::uint64_t step);

  /// Records what is due after `step` updates; `end`: no update follows. Returns the snapshot, where one was taken.
  /// Throws FileError.
  std::optional<Snapshot> reached(std::uint64_t step, bool end);

 private:
  Snapshot take(std::uint64_t step);
  void measure(std::uint64_t step);

  Parts parts_;
  std::vector<std::uint64_t> steps_;  ///< of snapshots
};

}  // namespace headlight
