#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

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

/// The file metrics.jsonl: a start row, then one object per line, each written at once.
class MetricsLog {
 public:
  /// `facts` are further keys of the start row. Throws FileError.
  MetricsLog(const std::filesystem::path& path, const nlohmann::ordered_json& facts);

  void append(const nlohmann::ordered_json& row);

 private:
  AppendFile file_;
};

}  // namespace headlight
