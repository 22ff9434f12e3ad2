#pragma once

#include <filesystem>

#include "apps/config/config.h"
#include "apps/training/trainer.h"
#include "layers/module.h"
#include "optim/optimizer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Writes the checkpoint of `state.step` into the run directory; when this returns it is complete and survives a power
/// cut. model.safetensors holds the weights to evaluate with: where an average of them is kept, that, and the trained
/// ones stand with the optimiser's state. The metadata of the weights say what the model is, and the step; nothing of
/// threads, paths, times or the machine, so that the same weights give the same bytes. Throws NumericError when a
/// weight or a number of the optimiser is not finite (nothing is written then), FileError.
void save_checkpoint(const std::filesystem::path& run, const TrainingState& state, const config::Config& config,
                     const Module& model, Optimizer& optimizer);

/// Verifies the checkpoint in `directory` and reads it. `optimizer` may be null: then only the weights are read, which
/// are those to evaluate with.
/// Throws FileError on damage, on a file of another format, on a step that is not the directory's, and on tensors that are missing, unknown or
/// misshapen, StateError when the optimiser's state is not for this optimiser; model and optimiser are unchanged then.
TrainingState load_checkpoint(const std::filesystem::path& directory, const Module& model, Optimizer* optimizer);

}  // namespace headlight::inline HEADLIGHT_PRECISION
