#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

/// How a run stands, from its directory alone: for whoever shows it or goes on with it. run.json is written by
/// apps/headlight/run_record.h.
namespace headlight {

/// The `status` of a run directory's run.json: finished, stopped, diverged, failed or running; "" without a file. Throws
/// FileError.
std::string recorded_status(const std::filesystem::path& run);

/// The same, or "cut off" for a run that was killed: one that calls itself running while no process holds its lock, or
/// that has no run.json. Throws FileError.
std::string run_status(const std::filesystem::path& run);

/// Seconds during which processes have worked on the run: the sum over its sessions, without the time between them.
/// `record` is its run.json. A session that was killed counts up to the last row that it wrote into metrics.jsonl (not
/// at all without one), the newest up to now where it is `running`. Nothing where the record has no start. Throws
/// FileError.
std::optional<double> wall_seconds(const std::filesystem::path& run, const nlohmann::json& record, bool running);

/// Seconds since 1970, UTC, to the millisecond.
double unix_time();

}  // namespace headlight
