#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "apps/config/config.h"
#include "apps/tasks/batches.h"
#include "apps/training/accuracy.h"
#include "layers/models/model.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Counts where the largest logit (the first of equal ones; never NaN) is the target. logits (B, Tt, V), targets (B, Tt).
Accuracy count_correct(const Array& logits, const Tokens& targets);

/// Loss and accuracy of each member of a batch: the loss is that of the task, without smoothing or supervision, summed in
/// double over the targets that count. answers (B, Tt, V), as run_model() gives them.
std::vector<Score> score_examples(const Array& answers, const Batch& batch, config::LossType loss);

/// What is evaluated.
struct EvaluationPlan {
  Split split = Split::eval;
  std::uint64_t examples = 0;          ///< the first ones of the split
  std::vector<std::size_t> lengths{};  ///< examples of these lengths, so many of each; empty: as the task draws them
  config::LossType loss = config::LossType::kCrossEntropy;
};

/// Runs the model without history or dropout, in batches that depend on the plan alone. The loss is that of the task,
/// without smoothing or supervision, and each example's is summed in double over its targets.
/// A sequence counts as right when all its targets are the largest logits. For a decoder this is greedy decoding
/// compared whole: it goes wrong first where the answer that is fed, so far its own, makes it predict something else.
Evaluation evaluate(Model& model, const Task& task, const EvaluationPlan& plan);

/// The report by length that a config asks for with `task.eval.lengths`: its held-out examples shared among those
/// lengths, at least one of each. Without them the lengths that `evaluation` met by itself.
std::map<std::uint64_t, Score> scores_by_length(Model& model, const Task& task, const config::Config& config,
                                                const Evaluation& evaluation);

}  // namespace headlight::inline HEADLIGHT_PRECISION
