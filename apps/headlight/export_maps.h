#pragma once

#include "apps/headlight/export_arguments.h"
#include "apps/headlight/export_source.h"

/// What a run shows as a file: the map of one head, those of all heads as a grid, or the curves. Maps are those of the
/// checkpoint on the input that is chosen, or with `step` those of a snapshot on a probe of the run, which needs no
/// checkpoint; nor do curves and animations. All throw ConfigError, with what there is, where the run has no such map,
/// FileError.
namespace headlight {

/// `arguments.view`: head, grid or curves.
void export_png(ExportSource& source, const ExportArguments& arguments);
void export_svg(ExportSource& source, const ExportArguments& arguments);
/// All snapshots of the run, one after the other, as head or grid; the first and the last one are shown longer.
void export_gif(ExportSource& source, const ExportArguments& arguments);

/// The map of one head.
void export_map_csv(ExportSource& source, const ExportArguments& arguments);
/// (query, key), float32. A cell that the mask hides is NaN, as in the arrays that a page saves.
void export_map_npy(ExportSource& source, const ExportArguments& arguments);

}  // namespace headlight
