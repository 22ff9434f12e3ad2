#include "apps/recording/recorder.h"

#include <algorithm>
#include <system_error>

#include "apps/recording/schedule.h"
#include "core/error.h"
#include "core/io/directory.h"
#include "core/io/file.h"

namespace headlight {

Recorder::Recorder(const Parts& parts)
    : parts_(parts), steps_(snapshot_steps(parts.config.snapshots, config::total_steps(parts.config))) {
  // Without a probe there is nothing to take a snapshot of.
  if (parts.probes.empty()) steps_.clear();
  if (steps_.empty()) return;
  write_probes(parts.run, parts.probes, parts.task);
  make_directories(snapshot_file(parts.run, 0).parent_path());
}

void Recorder::rewind(std::uint64_t step) {
  for (const std::uint64_t taken : snapshots_of(parts_.run)) {
    if (taken < step) continue;
    const std::filesystem::path file = snapshot_file(parts_.run, taken);
    std::error_code error;
    std::filesystem::remove(file, error);
    if (error) raise<FileError>(file.string(), "cannot be removed", error.message());
  }
  const std::filesystem::path folder = snapshot_file(parts_.run, 0).parent_path();
  if (path_exists(folder)) remove_stale_temporaries(folder);
}

std::optional<Snapshot> Recorder::reached(std::uint64_t step, bool end) { return take(step, end); }

std::optional<Snapshot> Recorder::take(std::uint64_t step, bool end) {
  if (steps_.empty() || (!end && !std::binary_search(steps_.begin(), steps_.end(), step))) return std::nullopt;
  const Optimizer::EvaluationWeights averaged(parts_.optimizer);
  Snapshot snapshot = take_snapshot(parts_.model, parts_.task, parts_.probes, parts_.config.probes);
  write_snapshot(snapshot_file(parts_.run, step), snapshot, step, parts_.config.snapshots.dtype);
  return snapshot;
}

}  // namespace headlight
