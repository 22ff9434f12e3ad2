#include <fmt/format.h>

#include <string>
#include <vector>

#include "apps/config/checks.h"

namespace headlight::config::schema {

namespace {

/// The lengths of which the task makes examples: its own, where it has but one, and those of the evaluation.
std::vector<std::size_t> lengths_asked(const TaskConfig& task) {
  std::vector<std::size_t> lengths{task.length.min};
  lengths.insert(lengths.end(), task.eval.lengths.begin(), task.eval.lengths.end());
  return lengths;
}

Problem wrong_length(const std::string& what, const std::string& help) {
  return Problem{.what = what, .place = {}, .help = help};
}

std::optional<Problem> model_reads_forwards(const Config& config, const Node& /*given*/) {
  const TaskType type = config.task.type;
  if ((type != TaskType::kRecall && type != TaskType::kLinreg) || config.model.arch == Arch::kDecoder) {
    return std::nullopt;
  }
  return Problem{.what = "the task predicts what comes next, which a model of this `model.arch` would read",
                 .place = {},
                 .help = "set `model.arch` to \"decoder\""};
}

std::optional<Problem> answers_stand_at_positions(const Config& config, const Node& /*given*/) {
  const TaskType type = config.task.type;
  const bool one_stack = type == TaskType::kMqar || type == TaskType::kRasp || type == TaskType::kFormal;
  if (!one_stack || config.model.arch != Arch::kEncoderDecoder) return std::nullopt;
  return Problem{.what = "the task is answered at positions of its input, so there is nothing for a decoder to say",
                 .place = {},
                 .help = "set `model.arch` to \"encoder\" or \"decoder\""};
}

std::optional<Problem> task_has_one_length(const Config& config, const Node& /*given*/) {
  const TaskConfig& task = config.task;
  if (task.type != TaskType::kRecall && task.type != TaskType::kMqar) return std::nullopt;
  if (task.length.min >= task.length.max) return std::nullopt;  // the wrong way round: said elsewhere
  return wrong_length("the task has one length", "give `task.length` as a number");
}

std::optional<Problem> recall_fits(const Config& config, const Node& /*given*/) {
  if (config.task.type != TaskType::kRecall) return std::nullopt;
  const bool pairs = config.task.recall.variant == RecallVariant::kAssocRecall;
  for (const std::size_t length : lengths_asked(config.task)) {
    if (pairs && length % 2 != 0) {
      return wrong_length(fmt::format("a length of {} is no whole number of keys with their values", length),
                          fmt::format("take {}", length + 1));
    }
    if (!pairs && length < 3) {
      return wrong_length(fmt::format("a length of {} has no room for a mark and the symbol behind it", length),
                          "take at least 3");
    }
  }
  return std::nullopt;
}

std::optional<Problem> mqar_fits(const Config& config, const Node& /*given*/) {
  const TaskConfig& task = config.task;
  const MqarConfig& mqar = task.mqar;
  if (task.type != TaskType::kMqar) return std::nullopt;
  const std::size_t keys = mqar.vocab / 2 - 1;
  if (mqar.pairs > keys) {
    return Problem{.what =
                       fmt::format("`task.pairs` is {}, but `task.vocab` {} has {} keys", mqar.pairs, mqar.vocab, keys),
                   .place = {},
                   .help = fmt::format("take at most {} pairs, or a vocabulary of {}", keys, 2 * (mqar.pairs + 1))};
  }
  for (const std::size_t length : lengths_asked(task)) {
    if (length % 2 != 0) {
      return wrong_length(fmt::format("a length of {} is odd, but questions stand at even distances", length),
                          fmt::format("take {}", length + 1));
    }
    if (length < 4 * mqar.pairs) {
      return wrong_length(fmt::format("a length of {} has no room for {} pairs and their questions", length,
                                      mqar.pairs),
                          fmt::format("take at least {}", 4 * mqar.pairs));
    }
  }
  return std::nullopt;
}

std::optional<Problem> numbers_have_an_error(const Config& config, const Node& /*given*/) {
  if (config.task.type != TaskType::kLinreg || config.loss.type == LossType::kMse) return std::nullopt;
  return Problem{.what = "the task is answered with numbers, which have no cross-entropy",
                 .place = {},
                 .help = "set `loss.type` to \"mse\""};
}

}  // namespace

const std::vector<Rule>& algorithm_rules() {
  static const std::vector<Rule> all = {
      {{"model.arch", "task.type"}, model_reads_forwards},
      {{"model.arch", "task.type"}, answers_stand_at_positions},
      {{"task.length", "task.type"}, task_has_one_length},
      {{"task.length", "task.variant", "task.eval.lengths", "task.type"}, recall_fits},
      {{"task.pairs", "task.length", "task.vocab", "task.eval.lengths", "task.type"}, mqar_fits},
      {{"loss.type", "task.type"}, numbers_have_an_error},
  };
  return all;
}

}  // namespace headlight::config::schema
