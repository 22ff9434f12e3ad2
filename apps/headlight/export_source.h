#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/config/config.h"
#include "apps/headlight/export_arguments.h"
#include "apps/headlight/opened_run.h"
#include "apps/page/view_run.h"

namespace headlight {

/// A run that is exported. A checkpoint and snapshots are read when they are asked for, so that a run which was killed
/// before its first checkpoint gives what it has recorded.
class ExportSource {
 public:
  /// `arguments` must outlive this. Throws ConfigError when there is no such run or its config cannot be read, FileError.
  explicit ExportSource(const ExportArguments& arguments);

  const config::Config& config() const { return config_; }
  /// How the run is called in pictures.
  std::string name() const { return run_name(config_, directory_); }

  /// The run with the weights of `arguments.checkpoint`. Throws what open_run() throws.
  const OpenedRun& checkpoint();

  /// The run with all its snapshots, that of `arguments.step` in full precision. Throws ConfigError, FileError.
  const ViewRun& recorded();

  /// Sentences on what was read: data that have changed, snapshots that are left out.
  std::vector<std::string> notes() const;

 private:
  const ExportArguments& arguments_;
  std::filesystem::path directory_;
  config::Config config_;
  std::optional<OpenedRun> checkpoint_{};
  std::optional<ViewRun> recorded_{};
};

}  // namespace headlight
