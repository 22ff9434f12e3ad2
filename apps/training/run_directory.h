#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/io/file.h"

namespace headlight {

/// In a run directory: how the run stands, see apps/headlight/run_record.h.
inline constexpr std::string_view kRunRecordFile = "run.json";

/// Where a run writes, and what it may replace.
struct RunDirectoryOptions {
  std::filesystem::path directory{};  ///< empty: root/name/<UTC time>-<4 hexadecimal digits>
  std::filesystem::path root{};
  std::string name{};
  bool force = false;  ///< a directory that holds a run is emptied of it; files that no run writes stay
};

/// The directory of one run, locked against a second writer as long as this lives.
class RunDirectory {
 public:
  /// Throws ConfigError when the directory is not empty and `force` was not given, or it holds no run (a `run.json` or
  /// `LOCK` of ours) that `force` could replace; nothing is removed then. StateError when another process writes into
  /// it, FileError.
  explicit RunDirectory(const RunDirectoryOptions& options);

  /// The directory of a run that is there already, to go on in it. Throws StateError when another process writes into
  /// it, FileError.
  static RunDirectory reopen(const std::filesystem::path& run);

  /// Whether a process writes into the run now.
  static bool is_in_use(const std::filesystem::path& run);

  const std::filesystem::path& path() const { return path_; }

 private:
  RunDirectory(std::filesystem::path path, FileDescriptor lock);

  std::filesystem::path path_;
  FileDescriptor lock_;
};

/// The run that a user names: its directory, a directory of runs with a file `latest`, or that file.
/// Throws ConfigError when there is no run, FileError when `latest` cannot be read.
std::filesystem::path find_run(const std::filesystem::path& given);

}  // namespace headlight
