#pragma once

#include <optional>

#include "apps/page/view_run.h"

namespace headlight {

/// Cosine of the flattened maps of every two heads of `stats` on all probes at the last snapshot, from its exact weights;
/// NaN between maps of different shapes, and where a map is zero or no number. Nothing where there is no snapshot.
std::optional<ViewSimilarity> similarity_of(const ViewRun& run, const ViewHeadStats& stats);

}  // namespace headlight
