#pragma once

#include <memory>

#include "apps/config/config.h"
#include "apps/tasks/batches.h"
#include "apps/tasks/task.h"
#include "layers/models/encoder.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

/// From a config to the objects that train: the only place where words of a config meet options of the library.
namespace headlight::inline HEADLIGHT_PRECISION {

EncoderOptions encoder_options(const config::ModelConfig& model, const Task& task);

/// The model with its first weights: drawn from the config's seed, or read from `model.load`.
/// Throws ConfigError on sizes that cannot be, FileError when the weights do not fit.
std::unique_ptr<Encoder> build_model(const config::Config& config, const Task& task);

/// The same without reading `model.load`: for weights that come from a checkpoint.
std::unique_ptr<Encoder> build_empty_model(const config::Config& config, const Task& task);

/// The optimiser of the model's parameters. Throws ConfigError, also for a group that matches none of them.
std::unique_ptr<Optimizer> build_optimizer(const config::OptimizerConfig& optimizer, const Module& model);

/// The learning rate's factor over the steps of the run. Throws ConfigError on figures that do not fit together.
Schedule build_schedule(const config::Config& config);

/// The training batches. `task` must outlive them.
Batches build_batches(const config::Config& config, const Task& task);

}  // namespace headlight::inline HEADLIGHT_PRECISION
