#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/tasks/batches.h"
#include "apps/training/objective.h"
#include "layers/models/model.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// What an update needs besides its batch.
struct UpdateParts {
  Model& model;
  const Objective& objective;
  Optimizer& optimizer;
  Schedule schedule{};
  std::optional<double> grad_clip{};  ///< largest norm of the gradient
  std::uint64_t seed = 1;             ///< of dropout
};

struct UpdateResult {
  double loss;                  ///< of all micro-batches before the update, as one batch, in nats
  double gradient_norm;         ///< before clipping
  std::size_t hidden_rows;      ///< attention rows of the batch in which every key is hidden
  double rate_factor;           ///< what the schedule multiplied the learning rate by
  bool applied;                 ///< false when loss or gradient was not finite: then no weight has changed
  std::vector<Tensor> answers;  ///< of each micro-batch
};

/// Update number `step` = 0, 1, ...: forward, loss and backward of each micro-batch, then clipping and one optimiser
/// step with the gradient of all of them as one batch: a micro-batch counts by its targets. Each has dropout of its own,
/// and in batch norm its own statistics. A pure function of the weights, the optimiser's state, the step and the batches;
/// there is at least one.
UpdateResult run_update(const UpdateParts& parts, std::uint64_t step, std::span<const Batch> micro_batches);

/// Repeats an update that was not applied, searching every value and gradient, and says where the first NaN or infinity
/// came up: operation, layer and step (counted as in logs: `step` + 1).
std::string explain_non_finite(const UpdateParts& parts, std::uint64_t step, std::span<const Batch> micro_batches);

}  // namespace headlight::inline HEADLIGHT_PRECISION
