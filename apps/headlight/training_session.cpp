#include "apps/headlight/training_session.h"

#include <fmt/format.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "apps/training/checkpoint.h"
#include "apps/training/checkpoint_files.h"
#include "apps/training/stop_signals.h"

namespace headlight {

double unix_time() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count()) / 1000;
}

TrainingSession::TrainingSession(const Parts& parts, const nlohmann::ordered_json& start)
    : parts_(parts), log_(parts.directory / "train.log") {
  if (parts.config.logging.jsonl) metrics_.emplace(parts.directory / "metrics.jsonl", start);
}

void TrainingSession::row(const MetricsRow& row) {
  const nlohmann::ordered_json json = to_json(row, unix_time());
  if (metrics_) metrics_->append(json);
  parts_.progress.row(row, json.dump());
  log(plain_line(row, config::total_steps(parts_.config)));
  if (row.split != Split::eval || !std::isfinite(row.loss)) return;
  if (!best_ || row.loss < best_->loss) best_ = row;
}

void TrainingSession::skipped(const std::string& reason) {
  const std::string line = "update left out: " + reason;
  parts_.progress.note(line);
  log(line);
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
