#pragma once

#include "apps/headlight/export_arguments.h"
#include "apps/headlight/opened_run.h"

/// The map of one head as a file: that of the checkpoint on a held-out example or a given input, or with `step` that of
/// a snapshot on a probe of the run. All throw ConfigError, with what there is, where the run has no such map, FileError.
namespace headlight {

void export_map_png(const OpenedRun& run, const ExportArguments& arguments);
void export_map_svg(const OpenedRun& run, const ExportArguments& arguments);
void export_map_csv(const OpenedRun& run, const ExportArguments& arguments);
/// (query, key), float32. A hidden cell is 0.
void export_map_npy(const OpenedRun& run, const ExportArguments& arguments);

/// All snapshots of the run, one after the other; the first and the last one are shown longer.
void export_maps_gif(const OpenedRun& run, const ExportArguments& arguments);

}  // namespace headlight
