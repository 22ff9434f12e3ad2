#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/config.h"
#include "apps/headlight/work_tree.h"

namespace headlight {

/// A config file as it was given.
struct ConfigSource {
  std::string name;
  std::string text;
};

/// To be read before the run directory is made ready: with --force a source may lie in it. Throws FileError.
std::vector<ConfigSource> read_sources(const std::vector<std::filesystem::path>& files);

/// config.json, config.source.json and overrides.json: what a run was asked to do. With several config files the source
/// is an object that holds the text of each.
void write_config_files(const std::filesystem::path& run, const config::Config& config,
                        const std::vector<ConfigSource>& sources, const std::vector<std::string>& overrides);

/// run.json: how a run stands, how long it took, and what it was made with. Written at the start and at the end, so that
/// a run that was killed is left as "running" without a lock; apps/training/run_state.h reads it.
class RunRecord {
 public:
  /// `resumed`: keeps when and with what the run began, and adds this session to those that went on with it.
  explicit RunRecord(const std::filesystem::path& run, bool resumed = false);

  /// What a run is made with: version, build, compiler, kernels, device and threads. A record adds `git` where the
  /// program was started in a work tree: its commit, and whether files of it were changed.
  static nlohmann::ordered_json environment();

  /// status: finished, stopped, diverged or failed. `step`: completed updates, where they are known.
  void finish(const std::string& status, int exit_code, const std::string& reason, std::optional<std::uint64_t> step);

 private:
  /// Adds what git says of the work tree to the session's environment, where it has answered by then.
  void add_work_tree(std::chrono::milliseconds wait);

  std::filesystem::path path_;
  WorkTreeQuestion work_tree_;
  bool has_work_tree_ = false;
  std::chrono::steady_clock::time_point started_;
  double earlier_seconds_ = 0;  ///< of the sessions before
  std::string begin_;           ///< JSON: what stands in every version of the file
};

}  // namespace headlight
