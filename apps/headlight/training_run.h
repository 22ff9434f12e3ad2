#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "apps/config/config.h"
#include "apps/headlight/command.h"
#include "apps/headlight/run_record.h"
#include "apps/headlight/training_session.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"
#include "optim/optimizer.h"

namespace headlight {

/// What trains, built before anything is written.
struct Built {
  config::Config config;
  std::unique_ptr<Task> task;
  std::unique_ptr<Model> model;
  std::unique_ptr<Optimizer> optimizer;
  std::vector<Probe> probes;
};

/// Where the weights of a model that is built come from.
enum class FirstWeights {
  initial,     ///< drawn from the seed, or read from `model.load`
  checkpoint,  ///< a checkpoint replaces those that are drawn; `model.load` is not read
};

/// Builds and tries everything that a config describes. Throws LayerError and ConfigError.
Built build(const config::Config& config, std::unique_ptr<Task> task, FirstWeights weights);

/// What is known before the first step, for people. Without a line for an empty directory.
std::string facts_table(const Built& built, const std::string& directory);

/// Where training takes a run up.
struct Start {
  TrainingState state{};
  bool resumed = false;
  bool redo_end = false;  ///< the run had ended at this step: it is logged anew, as one in the middle of a run
};

/// Trains in a run directory to its end and says how it ended; `record` tells it whatever happens. Returns the exit
/// code.
int run_training(const Built& built, const Start& start, const std::filesystem::path& directory,
                 const GlobalOptions& global, RunRecord& record);

}  // namespace headlight
