#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/config/config.h"
#include "apps/training/metrics.h"

namespace headlight {

/// How a run stands, from the files of its directory alone.
struct RunFacts {
  std::filesystem::path directory{};
  config::Config config{};
  std::string status{};  ///< finished, stopped, diverged, failed, running, or "cut off" for one that was killed
  std::optional<MetricsRow> newest{};   ///< the newest held-out row
  std::optional<MetricsRow> best{};     ///< the held-out row with the least loss
  std::optional<std::uint64_t> step{};  ///< of the newest row
  std::vector<MetricsRow> rows{};
};

/// Reads them. Without metrics.jsonl there are no rows. Throws ConfigError when the directory holds no run, FileError.
RunFacts read_run_facts(const std::filesystem::path& run);

/// The run directories at and below `root`, in the order of their paths; what cannot be read is left out.
std::vector<std::filesystem::path> find_runs(const std::filesystem::path& root);

}  // namespace headlight
