#pragma once

#include <cstddef>

#include "apps/page/view_run.h"

namespace headlight::testing {

/// Adds curves, predictions, statistics of heads and settings to a run that has attention: plausible, and functions of
/// their place.
void add_figures(ViewRun& run, std::size_t seed);

}  // namespace headlight::testing
