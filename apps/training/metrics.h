#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/tasks/task.h"
#include "core/io/file.h"

namespace headlight {

/// One row of a run's log.
struct MetricsRow {
  std::uint64_t step = 0;  ///< completed updates
  Split split = Split::train;
  double loss = 0;  ///< of the batch before its update, or of the held-out examples; in nats, or squared error
  std::optional<double> tok_acc{};  ///< share of targets predicted right; nothing where targets are numbers
  std::optional<double> seq_acc{};  ///< share of examples all of whose targets are

  std::uint64_t hidden_rows = 0;  ///< attention rows (b, h, q) of the same examples in which every key is hidden

  struct Update {
    double learning_rate = 0;
    double gradient_norm = 0;  ///< before clipping
    double tokens_per_second = 0;
  };
  std::optional<Update> update{};  ///< of training rows
};

/// The row as an object with those of the keys step, time, split, loss, tok_acc, seq_acc, lr, grad_norm, tok_s that it
/// has, in this order, and hidden_rows where there are any.
/// JSON has no NaN: such a figure is null, and `nonfinite` says what it was ("nan", "inf", "-inf").
/// `time` is in seconds since 1970, UTC.
nlohmann::ordered_json to_json(const MetricsRow& row, double time);

/// The row that to_json() wrote; nothing where the object is no row (such as a start row).
std::optional<MetricsRow> row_of(const nlohmann::json& json);

/// The row's figures as TensorBoard shows them: "loss/train" or "loss/eval", tok_acc and seq_acc alike, and for training
/// rows "lr", "grad_norm" and "tok_s".
std::vector<std::pair<std::string, float>> scalars(const MetricsRow& row);

/// The rows of a run's metrics.jsonl; none when there is no file. Lines that are no rows are passed over. Throws
/// FileError.
std::vector<MetricsRow> read_metrics(const std::filesystem::path& path);

/// Goes back in a run's metrics.jsonl: rows for which `keep` is false are dropped; start rows, and lines that are no
/// JSON, stay. The file is replaced as a whole. Returns the rows that are left; none when there is no file.
/// Throws FileError.
std::vector<MetricsRow> rewind_metrics(const std::filesystem::path& path,
                                       const std::function<bool(const MetricsRow&)>& keep);

/// The file metrics.jsonl: a start row, then one object per line, each written at once.
class MetricsLog {
 public:
  /// Appends a first row: `event` is "start" or "resume", `facts` are its further keys. Throws FileError.
  MetricsLog(const std::filesystem::path& path, const std::string& event, const nlohmann::ordered_json& facts);

  void append(const nlohmann::ordered_json& row);

 private:
  AppendFile file_;
};

}  // namespace headlight
