#pragma once

#include "apps/inspect/chart.h"
#include "apps/page/view_run.h"

namespace headlight {

/// How a run learned: its losses; its accuracies, where it has any; and of each pattern of its task the score of the head
/// that has most of it in the end, where heads were measured. Throws ConfigError when nothing has been logged.
Chart run_chart(const ViewRun& run);

}  // namespace headlight
