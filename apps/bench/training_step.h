#pragma once

#include "apps/bench/cases.h"
#include "layers/models/model.h"
#include "optim/adam.h"

namespace headlight::bench {

/// A model, an optimiser and a fixed batch of one case.
class TrainingStep {
 public:
  explicit TrainingStep(const Case& which);

  /// Forward, loss, backward, clipping by the global norm, AdamW. Returns the loss before the update.
  double run();

 private:
  Init init_;
  Model model_;
  Adam optimizer_;
  Tokens inputs_;
  Tokens targets_;
};

}  // namespace headlight::bench
