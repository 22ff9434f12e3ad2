#pragma once

#include <cstdint>

#include "apps/config/config.h"
#include "apps/tasks/batches.h"
#include "apps/training/accuracy.h"
#include "layers/models/model.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Counts where the largest logit (the first of equal ones; never NaN) is the target. logits (B, T, V), targets (B, T).
Accuracy count_correct(const Array& logits, const Tokens& targets);

/// The first `examples` examples of a split, in batches that depend on nothing else, without history or dropout.
/// The loss is that of the task alone, without smoothing or supervision, and the sum over all positions with a target:
/// that of a batch is rounded to Real once, batches are added and the mean is taken in double.
Evaluation evaluate(Model& model, const Task& task, Split split, std::uint64_t examples,
                    config::LossType loss = config::LossType::kCrossEntropy);

}  // namespace headlight::inline HEADLIGHT_PRECISION
