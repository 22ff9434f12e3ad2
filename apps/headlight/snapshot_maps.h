#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "apps/export/recorded_map.h"
#include "apps/headlight/map_choice.h"
#include "apps/page/view_run.h"

/// The snapshots of a run as commands read them.
namespace headlight {

/// The run with all its snapshots, those of the steps `exact` in full precision. Throws ConfigError where there is no run,
/// FileError.
ViewRun read_snapshots(const std::filesystem::path& run, std::vector<std::uint64_t> exact);

/// All heads that were recorded, by blocks and layers. Throws ConfigError where there are none.
std::vector<PlacedHead> recorded_heads(const ViewRun& run);

MapPlace map_place(const PlacedHead& head, std::size_t probe);

}  // namespace headlight
