#include <fmt/format.h>

#include <string>

#include "apps/config/checks.h"
#include "apps/config/problem.h"
#include "apps/config/schema.h"

namespace headlight::config::schema {

std::string sampling_name(const Config& config) {
  return in_quotes(selected(*find_branch("trainer.sampling")->key, config));
}

namespace {

std::optional<Problem> training_set_is_used(const Config& config, const Node& /*given*/) {
  if (config.trainer.sampling != Sampling::kFresh || !config.task.train_examples) return std::nullopt;
  return Problem{.what = "`task.train_examples` has no effect while `trainer.sampling` is \"fresh\"",
                 .place = {},
                 .help = "remove it, or set `trainer.sampling` to \"epochs\""};
}

std::optional<Problem> training_set_exists(const Config& config, const Node& /*given*/) {
  const Sampling sampling = config.trainer.sampling;
  if (sampling == Sampling::kFresh || training_examples(config) || reads_files(config)) return std::nullopt;
  return Problem{.what = fmt::format("`trainer.sampling` {} needs a fixed training set, but the task has none",
                                     sampling_name(config)),
                 .place = {},
                 .help = "give `task.train_examples`, or set `trainer.sampling` to \"fresh\""};
}

std::optional<Problem> epochs_have_a_set(const Config& config, const Node& /*given*/) {
  if (config.trainer.sampling == Sampling::kEpochs || !config.trainer.epochs) return std::nullopt;
  return Problem{.what = fmt::format("`trainer.epochs` needs {}, but `trainer.sampling` is {}",
                                     config.trainer.sampling == Sampling::kFresh ? "a fixed training set"
                                                                                 : "passes over the training set",
                                     sampling_name(config)),
                 .place = {},
                 .help = "give `trainer.steps` instead, or set `trainer.sampling` to \"epochs\""};
}

std::optional<Problem> full_batch_has_a_set(const Config& config, const Node& /*given*/) {
  if (config.trainer.sampling == Sampling::kEpochs || !config.trainer.batch_size.full) return std::nullopt;
  return Problem{.what =
                     fmt::format("`trainer.batch_size` is \"full\", but with `trainer.sampling` {} there is no full "
                                 "set",
                                 sampling_name(config)),
                 .place = {},
                 .help = "give a number, or set `trainer.sampling` to \"epochs\""};
}

std::optional<Problem> batch_fits_set(const Config& config, const Node& /*given*/) {
  const std::size_t examples = training_examples(config).value_or(0);
  const BatchSize& batch = config.trainer.batch_size;
  const bool too_few = examples > 0 && batch.count > examples;
  if (!is_measured(config) || config.trainer.sampling != Sampling::kEpochs || batch.full || !too_few) {
    return std::nullopt;
  }
  const char* more = "raise `task.train_examples`";
  if (reads_files(config)) more = "give more data";
  if (config.task.type == TaskType::kModular) more = "raise `task.fraction`";
  return Problem{.what = fmt::format("`trainer.batch_size` is {}, but the training set holds {} examples", batch.count,
                                     examples),
                 .place = {},
                 .help = fmt::format("take at most {}, or \"full\", or {}", examples, more)};
}

std::optional<Problem> grows(const char* name, const GrowthConfig& growth, std::size_t most) {
  if (!growth.start) return std::nullopt;
  if (*growth.start > growth.end) {
    return Problem{.what =
                       fmt::format("`trainer.curriculum.{0}.start` {1} is more than `trainer.curriculum.{0}.end` {2}",
                                   name, *growth.start, growth.end),
                   .place = {},
                   .help = "it can only grow: exchange them"};
  }
  if (growth.end <= most) return std::nullopt;
  return Problem{.what = fmt::format("`trainer.curriculum.{}.end` is {}, but the task has at most {}", name, growth.end,
                                     most),
                 .place = {},
                 .help = fmt::format("take at most {}", most)};
}

std::optional<Problem> length_grows(const Config& config, const Node& /*given*/) {
  return grows("length", config.trainer.curriculum.length, longest_example(config.task));
}

std::optional<Problem> dimensions_grow(const Config& config, const Node& /*given*/) {
  return grows("dimensions", config.trainer.curriculum.dimensions, config.task.linreg.dimensions);
}

std::optional<Problem> one_rule_of_length(const Config& config, const Node& /*given*/) {
  const TrainerConfig& trainer = config.trainer;
  if (!trainer.length_per_batch || !trainer.curriculum.length.start) return std::nullopt;
  return Problem{.what = "`trainer.length_per_batch` and `trainer.curriculum.length` both give the length of a batch",
                 .place = {},
                 .help = "keep one of them"};
}

}  // namespace

const std::vector<Rule>& sampling_rules() {
  static const std::vector<Rule> all = {
      {{"task.train_examples", "trainer.sampling"}, training_set_is_used},
      {{"trainer.sampling", "task.train_examples", "task.type"}, training_set_exists},
      {{"trainer.epochs", "trainer.sampling"}, epochs_have_a_set},
      {{"trainer.batch_size", "trainer.sampling"}, full_batch_has_a_set},
      {{"trainer.batch_size", "task.train_examples", "task.fraction", "trainer.sampling"}, batch_fits_set},
      {{"trainer.curriculum.length.end", "trainer.curriculum.length.start", "task.length", "task.points"},
       length_grows},
      {{"trainer.curriculum.dimensions.end", "trainer.curriculum.dimensions.start", "task.dimensions"},
       dimensions_grow},
      {{"trainer.length_per_batch", "trainer.curriculum.length.start"}, one_rule_of_length},
  };
  return all;
}

}  // namespace headlight::config::schema
