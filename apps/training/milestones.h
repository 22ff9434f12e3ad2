#pragma once

#include "apps/config/config.h"
#include "apps/training/accuracy.h"
#include "apps/training/trainer.h"

namespace headlight {

/// The figure of an evaluation that a config names; nothing where the targets are numbers and it is an accuracy.
std::optional<double> figure(config::Metric metric, const Evaluation& evaluation);

/// Whether `value` is better than `than`: less of a loss, more of an accuracy. NaN is never better.
bool is_better(config::Metric metric, double value, double than);

/// Takes one of the evaluations every `eval_every` steps into account: `state.best` for `checkpoint.best`, and
/// `state.reached` for `stop_when`. Returns whether this evaluation is the best so far.
bool note_evaluation(const config::TrainerConfig& trainer, const Evaluation& evaluation, TrainingState& state);

/// Drops from a state what was counted for another `stop_when`, and the best figure by another `checkpoint.best`.
void forget_other_goals(const config::TrainerConfig& trainer, TrainingState& state);

/// Whether `stop_when` ends the run: as many evaluations as it asks for, one behind the other, have reached its limit.
bool has_reached(const config::TrainerConfig& trainer, const TrainingState& state);

/// "eval/seq_acc at least 0.999, 3 times": what `stop_when` asks for.
std::string describe(const config::StopWhen& stop_when);

}  // namespace headlight
