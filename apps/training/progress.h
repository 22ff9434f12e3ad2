#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/training/metrics.h"

namespace headlight {

/// How a run tells of itself while it goes.
enum class ProgressFormat {
  quiet,  ///< not at all
  bar,    ///< one line, drawn again and again
  plain,  ///< a line per row of the log
  json,   ///< the rows of the log as they are
};

/// A duration in few characters: "7 s", "1:05", "2:03:04".
std::string short_duration(double seconds);

/// A number in few characters: "934", "12.3k", "1.85M".
std::string short_count(double count);

/// A row as a line of text:
/// "step 3900/3900  train  loss 0.0012  tok_acc 99.98 %  seq_acc 99.7 %  grad_norm 0.02  lr 1.2e-09  1.85M tok/s",
/// and "hidden_rows 12" behind it where attention rows see no key.
std::string plain_line(const MetricsRow& row, std::uint64_t total_steps);

/// What the progress line shows.
struct ProgressFigures {
  std::uint64_t step = 0;
  std::uint64_t total_steps = 0;
  double elapsed_seconds = 0;
  double remaining_seconds = 0;
  std::optional<MetricsRow> train{};  ///< the newest rows
  std::optional<MetricsRow> eval{};
};

/// The progress line in at most `width` columns: bar, step, loss, held-out accuracy, gradient norm, rate, speed,
/// elapsed < remaining. Where that is too long, parts are left out: first the rate, last of all the time. ASCII only.
std::string bar_line(const ProgressFigures& figures, std::size_t width);

/// Writes the progress of a run to stderr. A stderr that is closed or full never stops a run.
class Progress {
 public:
  Progress(ProgressFormat format, std::uint64_t total_steps);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// What is known before the first step: a table for people, or the start row of the log.
  void start(std::string_view table, std::string_view json);
  /// Draws the line again when the last time is a tenth of a second ago.
  void updated(std::uint64_t step);
  void row(const MetricsRow& row, std::string_view json);
  /// A message on a line of its own, above the progress line; in JSON {"event":"note","text":...}. Not shown when
  /// quiet.
  void note(std::string_view text);
  /// Draws the line a last time and leaves it.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  void draw();

  ProgressFormat format_;
  ProgressFigures figures_{};
  Clock::time_point begin_;
  Clock::time_point next_draw_;
  bool drawn_ = false;
};

bool stderr_is_terminal();

/// Columns of the terminal behind a file descriptor; 80 where there is none.
std::size_t terminal_width(int descriptor);

}  // namespace headlight
