#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/config.h"

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

/// run.json: how a run stands, and what it was made with. Written at the start and at the end, so that a run that was
/// killed is left as "running" without a lock.
class RunRecord {
 public:
  /// `resumed`: keeps when and with what the run began, and adds this session to those that went on with it.
  explicit RunRecord(const std::filesystem::path& run, bool resumed = false);

  /// What a run is made with: version, build, compiler, kernels and threads.
  static nlohmann::ordered_json environment();

  /// status: finished, stopped, diverged or failed. `step`: completed updates, where they are known.
  void finish(const std::string& status, int exit_code, const std::string& reason, std::optional<std::uint64_t> step);

 private:
  std::filesystem::path path_;
  std::string begin_;  ///< JSON: what stands in every version of the file
};

/// The `status` of a run directory's run.json; nothing without one. Throws FileError.
std::string recorded_status(const std::filesystem::path& run);

}  // namespace headlight
