#pragma once

#include <memory>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/config.h"
#include "apps/tasks/batches.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

/// From a config to the objects that train: the only place where words of a config meet options of the library.
namespace headlight::inline HEADLIGHT_PRECISION {

/// The preset that a config's model is; without layers where it writes them out.
ModelOptions model_options(const config::ModelConfig& model, const Task& task);

/// The composed form of a config's model: what build_model() builds it from, whichever form the config has.
nlohmann::json composed_model(const config::ModelConfig& model, const Task& task);

/// The same run with the layers of its model written out: it trains to the same bytes.
config::Config expanded(const config::Config& config, const Task& task);

/// The model with its first weights: drawn from the config's seed, or read from `model.load`.
/// Throws LayerError with paths of the config on layers that cannot be, and on a file of weights that cannot be read or
/// does not fit; ConfigError when its `rename` does not.
std::unique_ptr<Model> build_model(const config::Config& config, const Task& task);

/// The same without reading `model.load`: for weights that come from a checkpoint.
std::unique_ptr<Model> build_empty_model(const config::Config& config, const Task& task);

/// The optimiser of the model's parameters. Throws ConfigError as Optimizer does, and LayerError with paths of the config
/// for a group that changes nothing and for an average of the weights of a model with running statistics.
std::unique_ptr<Optimizer> build_optimizer(const config::OptimizerConfig& optimizer, const Module& model);

/// The learning rate's factor over the steps of the run. Throws ConfigError on figures that do not fit together.
Schedule build_schedule(const config::Config& config);

/// The training batches. `task` must outlive them.
Batches build_batches(const config::Config& config, const Task& task);

}  // namespace headlight::inline HEADLIGHT_PRECISION
