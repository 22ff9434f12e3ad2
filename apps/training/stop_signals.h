#pragma once

namespace headlight {

/// While this lives, the first SIGINT, SIGTERM or SIGHUP is only noted, so that a run can finish its step and save; a
/// second one ends the process at once with status 128 + signal. There may be one at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal that came, or 0.
  static int received();
};

/// "SIGINT" and so on.
const char* signal_name(int signal);

/// A closed pipe and a file beyond the limit of its size are errors of the write from here on, not the end of the process.
void ignore_write_signals();

}  // namespace headlight
