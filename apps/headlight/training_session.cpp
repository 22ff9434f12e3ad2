#include "apps/headlight/training_session.h"

#include <fmt/format.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "apps/recording/snapshot_images.h"
#include "apps/training/checkpoint.h"
#include "apps/training/checkpoint_files.h"
#include "apps/training/run_state.h"
#include "apps/training/stop_signals.h"
#include "core/io/directory.h"

namespace headlight {

TrainingSession::TrainingSession(const Parts& parts, const nlohmann::ordered_json& start)
    : parts_(parts),
      recorder_({.config = parts.config,
                 .task = parts.task,
                 .model = parts.model,
                 .optimizer = parts.optimizer,
                 .probes = parts.probes,
                 .run = parts.directory}),
      log_(parts.directory / "train.log") {
  const config::LoggingConfig& logging = parts.config.logging;
  const std::filesystem::path metrics = parts.directory / "metrics.jsonl";
  if (logging.tensorboard) events_.emplace(parts.directory, unix_time(), parts.state.step);
  if (parts.resumed) {
    // Before a row is dropped: after a kill the run must not go on from a later checkpoint, whose rows are gone.
    const std::optional<BestScore>& best = parts.state.best;
    name_checkpoints(parts.directory, parts.state.step, best ? std::optional(best->step) : std::nullopt);
    rewind(metrics);
  }
  // A run that was killed as it began has no log to go on with.
  if (logging.jsonl) metrics_.emplace(metrics, parts.resumed && path_exists(metrics) ? "resume" : "start", start);
  if (!parts.resumed) return;
  recorder_.rewind(parts.state.step);
  // Last, when all that may fail has gone well: until then they can be gone on from with `--checkpoint`.
  remove_later_checkpoints(parts.directory, parts.state.step);
  // What it recorded at this very step it may not have written whole, or more than another step does.
  if (parts.state.step > 0) reached(parts.state.step, parts.over);
}

void TrainingSession::rewind(const std::filesystem::path& metrics) {
  const std::uint64_t step = parts_.state.step;
  const auto keep = [&](const MetricsRow& row) {
    if (step == 0) return false;  // the run begins anew, with the figures of its first weights
    if (row.step != step || !parts_.redo_end) return row.step <= step;
    // An update that was left out is logged wherever it is; else the last step logs more than another one.
    return row.split == Split::train && (step % parts_.config.trainer.log_every == 0 || !std::isfinite(row.loss));
  };
  for (const MetricsRow& row : rewind_metrics(metrics, keep)) {
    note_best(row);
    // The start of a session voids what earlier event files say of this step.
    if (row.step == step && events_) events_->append(unix_time(), step, scalars(row));
  }
}

void TrainingSession::note_best(const MetricsRow& row) {
  if (row.split != Split::eval || !std::isfinite(row.loss)) return;
  if (!best_ || row.loss < best_->loss) best_ = row;
}

void TrainingSession::row(const MetricsRow& row) {
  const double now = unix_time();
  const nlohmann::ordered_json json = to_json(row, now);
  if (metrics_) metrics_->append(json);
  if (events_) events_->append(now, row.step, scalars(row));
  parts_.progress.row(row, json.dump());
  log(plain_line(row, config::total_steps(parts_.config)));
  note_best(row);
}

void TrainingSession::skipped(const std::string& reason) {
  const std::string line = "update left out: " + reason;
  parts_.progress.note(line);
  log(line);
}

void TrainingSession::reached(std::uint64_t step, bool end) {
  const std::optional<Snapshot> snapshot = recorder_.reached(step, end);
  if (!snapshot || !events_ || !parts_.config.logging.tensorboard_images) return;
  events_->append(unix_time(), step, snapshot_images(*snapshot, parts_.probes.front().label, step));
}

void TrainingSession::save(const TrainingState& state) {
  save_checkpoint(parts_.directory, state, parts_.config, parts_.model, parts_.optimizer);
  const std::string line = fmt::format("saved {}", checkpoint_directory(parts_.directory, state.step).string());
  if (parts_.verbose) parts_.progress.note(line);
  log(line);
}

bool TrainingSession::stop_requested() { return StopSignals::received() != 0; }

void TrainingSession::log(const std::string& line) { log_.append_line(line); }

}  // namespace headlight
