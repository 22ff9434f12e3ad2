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
  }
  if (!trainer.checkpoint.best) return false;
  const std::optional<double> value = figure(*trainer.checkpoint.best, evaluation);
  if (!value || !std::isfinite(*value)) return false;
  if (state.best && !is_better(*trainer.checkpoint.best, *value, state.best->value)) return false;
  state.best = BestScore{.step = state.step, .value = *value};
  return true;
}

bool has_reached(const config::TrainerConfig& trainer, const TrainingState& state) {
  return trainer.stop_when.metric && state.reached >= trainer.stop_when.times;
}

std::string describe(const config::StopWhen& stop_when) {
  if (!stop_when.metric) return {};
  std::string text = stop_when.at_least
                         ? fmt::format("{} at least {}", name_of(*stop_when.metric), *stop_when.at_least)
                         : fmt::format("{} at most {}", name_of(*stop_when.metric), stop_when.at_most.value_or(0));
  if (stop_when.times > 1) text += fmt::format(", {} times in a row", stop_when.times);
  return text;
}

}  // namespace headlight
