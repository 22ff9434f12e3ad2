#include <fmt/format.h>

#include <algorithm>

#include "apps/config/checks.h"

namespace headlight::config::schema {

namespace {

std::optional<Problem> architecture_can_answer(const Config& config, const Node& /*given*/) {
  const Arch arch = config.model.arch;
  const auto problem = [](const char* what, const char* help) {
    return Problem{.what = what, .place = {}, .help = help};
  };
  if (config.task.type == TaskType::kAddition && arch == Arch::kEncoder) {
    return problem("an encoder answers at the positions of its input, but a sum is shorter than that",
                   "set `model.arch` to \"decoder\" or \"encoder-decoder\"");
  }
  if (config.task.type == TaskType::kInduction && arch != Arch::kDecoder) {
    return problem("induction predicts the next token of one sequence, from those before it",
                   "set `model.arch` to \"decoder\"");
  }
  if (config.task.type == TaskType::kModular && arch == Arch::kEncoderDecoder) {
    return problem("modular has one answer, at the end of its input, and no second sequence",
                   "set `model.arch` to \"decoder\" or \"encoder\"");
  }
  return std::nullopt;
}

std::optional<Problem> first_is_a_symbol(const Config& config, const Node& /*given*/) {
  const TaskConfig& task = config.task;
  if (!task.first || *task.first <= task.symbols) return std::nullopt;
  return Problem{.what = fmt::format("`task.first` is {}, but the symbols are 1 to {}", *task.first, task.symbols),
                 .place = {},
                 .help = "take one of them, or raise `task.symbols`"};
}

/// A sequence that is all first symbol leaves nothing to answer.
std::optional<Problem> lone_first(const TaskConfig& task, std::size_t shortest, const char* key) {
  if (!task.first || shortest > 1) return std::nullopt;
  return Problem{.what = fmt::format("`{}` asks for a sequence of 1, which `task.first` fills: nothing is left to copy",
                                     key),
                 .place = {},
                 .help = "lengths begin at 2; or remove `task.first`"};
}

std::optional<Problem> first_leaves_a_symbol(const Config& config, const Node& /*given*/) {
  return lone_first(config.task, config.task.length.min, "task.length");
}

std::optional<Problem> first_leaves_a_symbol_to_evaluate(const Config& config, const Node& /*given*/) {
  const std::vector<std::uint64_t>& lengths = config.task.eval.lengths;
  if (lengths.empty()) return std::nullopt;
  return lone_first(config.task, *std::min_element(lengths.begin(), lengths.end()), "task.eval.lengths");
}

std::optional<Problem> pairs_suffice(const Config& config, const Node& /*given*/) {
  const TaskConfig& task = config.task;
  if (task.type != TaskType::kAddition) return std::nullopt;
  const std::uint64_t pairs = addition_pairs(task.addition);
  // Without a set at least one pair is left to train on.
  const std::uint64_t wanted = task.train_examples.value_or(1) + task.eval.examples;
  if (wanted <= pairs) return std::nullopt;
  return Problem{.what =
                     fmt::format("there are {} pairs of numbers of {} digit{}, but {} to train on and {} to evaluate "
                                 "on are wanted",
                                 pairs, task.addition.digits, task.addition.digits == 1 ? "" : "s",
                                 task.train_examples.value_or(1), task.eval.examples),
                 .place = {},
                 .help = "lower `task.train_examples` or `task.eval.examples`, or raise `task.digits`"};
}

std::optional<Problem> fraction_splits(const Config& config, const Node& /*given*/) {
  const ModularConfig& modular = config.task.modular;
  if (config.task.type != TaskType::kModular || modular_training_pairs(modular) > 0) return std::nullopt;
  // All of them are never taken, for the fraction is below 1.
  return Problem{.what = fmt::format("`task.fraction` {} of the {} pairs is no pair to train on", modular.fraction,
                                     modular_pairs(modular)),
                 .place = {},
                 .help = "raise it, or `task.p`"};
}

std::optional<Problem> other_pairs_suffice(const Config& config, const Node& /*given*/) {
  const TaskConfig& task = config.task;
  if (task.type != TaskType::kModular || task.eval.examples <= modular_other_pairs(task.modular)) return std::nullopt;
  return Problem{.what = fmt::format("`task.eval.examples` is {}, but {} pairs are not trained on", task.eval.examples,
                                     modular_other_pairs(task.modular)),
                 .place = {},
                 .help = "remove it to evaluate on all of them"};
}

std::optional<Problem> divisor_has_inverse(const Config& config, const Node& /*given*/) {
  const ModularConfig& modular = config.task.modular;
  if (config.task.type != TaskType::kModular || modular.op != ModularOp::kDivide) return std::nullopt;
  const auto is_prime = [](std::size_t number) {
    for (std::size_t d = 2; d * d <= number; ++d) {
      if (number % d == 0) return false;
    }
    return true;
  };
  if (is_prime(modular.p)) return std::nullopt;
  std::size_t below = modular.p;
  while (!is_prime(below)) --below;
  std::size_t above = modular.p;
  while (!is_prime(above)) ++above;
  return Problem{.what = fmt::format("`task.op` \"/\" needs a prime `task.p`, but {} is none", modular.p),
                 .place = {},
                 .help = fmt::format("take {} or {}", below, above)};
}

std::optional<Problem> pairs_are_a_set(const Config& config, const Node& /*given*/) {
  if (config.task.type != TaskType::kModular || config.trainer.sampling != Sampling::kFresh) return std::nullopt;
  return Problem{.what =
                     "`trainer.sampling` is \"fresh\", but modular has a fixed training set, `task.fraction` of all "
                     "pairs",
                 .place = {},
                 .help = "remove it, or set it to \"epochs\""};
}

std::optional<Problem> repeats_fit(const Config& config, const Node& /*given*/) {
  const TaskConfig& task = config.task;
  if (task.type != TaskType::kInduction) return std::nullopt;
  std::size_t least = task.length.min;
  for (const std::uint64_t length : task.eval.lengths) least = std::min<std::size_t>(least, length);
  const std::size_t repeated = (task.induction.block + 1) * task.induction.repeats;
  if (repeated < least) return std::nullopt;
  return Problem{.what =
                     fmt::format("a start mark and {} blocks of {} tokens, each with one more behind it, do not fit "
                                 "into a sequence of {}",
                                 task.induction.repeats, task.induction.block, least),
                 .place = {},
                 .help = fmt::format("lengths begin at {}; or lower `task.block` or `task.repeats`", repeated + 1)};
}

}  // namespace

const std::vector<Rule>& task_rules() {
  static const std::vector<Rule> all = {
      {{"model.arch", "task.type"}, architecture_can_answer},
      {{"task.first", "task.symbols"}, first_is_a_symbol},
      {{"task.length", "task.first", "task.type"}, first_leaves_a_symbol},
      {{"task.eval.lengths", "task.first", "task.type"}, first_leaves_a_symbol_to_evaluate},
      {{"task.train_examples", "task.eval.examples", "task.digits"}, pairs_suffice},
      {{"task.fraction", "task.p", "task.op"}, fraction_splits},
      {{"task.eval.examples", "task.fraction", "task.p", "task.op"}, other_pairs_suffice},
      {{"task.p", "task.op"}, divisor_has_inverse},
      {{"trainer.sampling", "task.type"}, pairs_are_a_set},
      {{"task.block", "task.repeats", "task.length", "task.eval.lengths"}, repeats_fit},
  };
  return all;
}

}  // namespace headlight::config::schema
