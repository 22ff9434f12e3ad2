#pragma once

#include "apps/headlight/export_arguments.h"
#include "apps/headlight/opened_run.h"

/// What a run shows as a file: the map of one head, those of all heads as a grid, or the curves. Maps are those of the
/// checkpoint on the input that is chosen, or with `step` those of a snapshot on a probe of the run. All throw
/// ConfigError, with what there is, where the run has no such map, FileError.
namespace headlight {

/// `arguments.view`: head, grid or curves.
void export_png(const OpenedRun& run, const ExportArguments& arguments);
void export_svg(const OpenedRun& run, const ExportArguments& arguments);
/// All snapshots of the run, one after the other, as head or grid; the first and the last one are shown longer.
void export_gif(const OpenedRun& run, const ExportArguments& arguments);

/// The map of one head.
void export_map_csv(const OpenedRun& run, const ExportArguments& arguments);
/// (query, key), float32. A hidden cell is 0.
void export_map_npy(const OpenedRun& run, const ExportArguments& arguments);

}  // namespace headlight
