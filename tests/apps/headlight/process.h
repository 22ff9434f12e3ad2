#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace headlight::testing {

/// What a program that has ended left behind.
struct Finished {
  int status = 0;  ///< exit code, or 128 + the signal that killed it
  std::string out{};
  std::string err{};
  std::uint64_t peak_bytes = 0;  ///< the most memory that it held at a time
};

/// The program `headlight` of this build, or another, running with its output in files of a directory of its own.
class Process {
 public:
  /// `environment`: variables to set, as NAME=value. The program sees no colour or language settings of ours.
  explicit Process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});
  Process(const std::string& program, const std::vector<std::string>& arguments,
          const std::vector<std::string>& environment);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  /// What the program has written to stderr so far.
  std::string err() const;
  /// Waits until stderr holds `text`; fails the test after half a minute.
  void wait_for(const std::string& text) const;
  Finished finish();

 private:
  pid_t pid_ = -1;
  std::string directory_;
};

/// Runs the program to its end.
Finished run_headlight(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});

}  // namespace headlight::testing
