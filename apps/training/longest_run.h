#pragma once

#include "apps/config/config.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Runs the model once, in evaluation, on one member as long as the task has any, so that layers that are made for
/// fewer positions are found before training. Throws LayerError at the model in the config.
void try_longest(Model& model, const config::Config& config, const Task& task);

}  // namespace headlight::inline HEADLIGHT_PRECISION
