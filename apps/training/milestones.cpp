#include "apps/training/milestones.h"

#include <fmt/format.h>

#include <cmath>

namespace headlight {
namespace {

const char* name_of(config::Metric metric) {
  switch (metric) {
    case config::Metric::kLoss:
      return "eval/loss";
    case config::Metric::kTokAcc:
      return "eval/tok_acc";
    case config::Metric::kSeqAcc:
      break;
  }
  return "eval/seq_acc";
}

/// "eval/seq_acc at least 0.999"; nothing where nothing ends a run early.
std::string goal_of(const config::StopWhen& stop_when) {
  if (!stop_when.metric) return {};
  return stop_when.at_least ? fmt::format("{} at least {}", name_of(*stop_when.metric), *stop_when.at_least)
                            : fmt::format("{} at most {}", name_of(*stop_when.metric), stop_when.at_most.value_or(0));
}

}  // namespace

std::optional<double> figure(config::Metric metric, const Evaluation& evaluation) {
  if (metric == config::Metric::kLoss) return evaluation.all.loss();
  if (evaluation.numbers) return std::nullopt;
  const Accuracy& accuracy = evaluation.all.accuracy;
  return metric == config::Metric::kTokAcc ? accuracy.tok_acc() : accuracy.seq_acc();
}

bool is_better(config::Metric metric, double value, double than) {
  return metric == config::Metric::kLoss ? value < than : value > than;
}

bool note_evaluation(const config::TrainerConfig& trainer, const Evaluation& evaluation, TrainingState& state) {
  if (trainer.stop_when.metric) {
    const double value = figure(*trainer.stop_when.metric, evaluation).value_or(std::nan(""));
    const config::StopWhen& limit = trainer.stop_when;
    const bool reached = limit.at_least ? value >= *limit.at_least : value <= limit.at_most.value_or(std::nan(""));
    state.reached = reached ? state.reached + 1 : 0;
    state.reached_goal = goal_of(limit);
  }
  if (!trainer.checkpoint.best) return false;
  const std::optional<double> value = figure(*trainer.checkpoint.best, evaluation);
  if (!value || !std::isfinite(*value)) return false;
  if (state.best && !is_better(*trainer.checkpoint.best, *value, state.best->value)) return false;
  state.best = BestScore{.metric = name_of(*trainer.checkpoint.best), .step = state.step, .value = *value};
  return true;
}

void forget_other_goals(const config::TrainerConfig& trainer, TrainingState& state) {
  if (state.reached_goal != goal_of(trainer.stop_when)) {
    state.reached = 0;
    state.reached_goal.clear();
  }
  if (state.best && (!trainer.checkpoint.best || state.best->metric != name_of(*trainer.checkpoint.best))) {
    state.best.reset();
  }
}

bool has_reached(const config::TrainerConfig& trainer, const TrainingState& state) {
  return trainer.stop_when.metric && state.reached >= trainer.stop_when.times;
}

std::string describe(const config::StopWhen& stop_when) {
  std::string text = goal_of(stop_when);
  if (!text.empty() && stop_when.times > 1) text += fmt::format(", {} times in a row", stop_when.times);
  return text;
}

}  // namespace headlight
