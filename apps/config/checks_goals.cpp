// The figures that a run goes by: `trainer.stop_when` and `trainer.checkpoint.best`.
#include <fmt/format.h>

#include "apps/config/checks.h"

namespace headlight::config::schema {

namespace {

std::optional<Problem> early_end_has_one_limit(const Config& config, const Node& /*given*/) {
  const StopWhen& stop = config.trainer.stop_when;
  if (!stop.metric || stop.at_least.has_value() != stop.at_most.has_value()) return std::nullopt;
  if (!stop.at_least) {
    return Problem{.what = "`trainer.stop_when` has no limit",
                   .place = {},
                   .help = "give `at_least` for an accuracy, or `at_most` for a loss"};
  }
  return Problem{.what = "`trainer.stop_when` has both `at_least` and `at_most`",
                 .place = {},
                 .help =
                     "keep `at_least` for an accuracy, or `at_most` for a loss; on the command line "
                     "trainer.stop_when.at_least=null takes the one back, trainer.stop_when.at_most=null the other"};
}

std::optional<Problem> early_end_can_come(const Config& config, const Node& /*given*/) {
  const StopWhen& stop = config.trainer.stop_when;
  if (!stop.metric) return std::nullopt;
  const bool accuracy = *stop.metric != Metric::kLoss;
  const bool never = (accuracy && stop.at_least && *stop.at_least > 1) || (stop.at_most && *stop.at_most < 0);
  if (!never) return std::nullopt;
  return Problem{.what = "`trainer.stop_when` asks for a figure that cannot be",
                 .place = {},
                 .help = accuracy ? "an accuracy is a share from 0 to 1" : "a loss is at least 0"};
}

std::optional<Problem> early_end_has_time(const Config& config, const Node& /*given*/) {
  const StopWhen& stop = config.trainer.stop_when;
  const std::size_t total = total_steps(config);
  const std::size_t every = config.trainer.eval_every;
  // Updates of an epoch are not known before the files have been read.
  if (!stop.metric || total == 0 || stop.times <= total / every) return std::nullopt;
  const std::string oftener = total < stop.times
                                  ? "lower `trainer.stop_when.times`"
                                  : fmt::format("take a `trainer.eval_every` of at most {}", total / stop.times);
  return Problem{.what =
                     fmt::format("`trainer.stop_when` needs {} evaluation{}, but a run of {} updates with one every "
                                 "{} has {}",
                                 stop.times, stop.times == 1 ? "" : "s in a row", total, every, total / every),
                 .place = {},
                 .help = fmt::format("{}, or at least {} updates, or no goal (trainer.stop_when=null)", oftener,
                                     stop.times * every)};
}

/// What is wrong with a figure of a task that is answered with numbers.
std::optional<Problem> unmeasured(const Config& config, const char* key, const std::optional<Metric>& metric) {
  if (!metric || *metric == Metric::kLoss || !is_answered_with_numbers(config)) return std::nullopt;
  return Problem{.what = fmt::format("`{}` is an accuracy, but the task is answered with numbers, of which none is "
                                     "right or wrong",
                                     key),
                 .place = {},
                 .help = "take \"eval/loss\""};
}

std::optional<Problem> early_end_is_measured(const Config& config, const Node& /*given*/) {
  return unmeasured(config, "trainer.stop_when.metric", config.trainer.stop_when.metric);
}

std::optional<Problem> best_is_measured(const Config& config, const Node& /*given*/) {
  return unmeasured(config, "trainer.checkpoint.best", config.trainer.checkpoint.best);
}

}  // namespace

const std::vector<Rule>& goal_rules() {
  static const std::vector<Rule> all = {
      {{"trainer.stop_when.metric", "trainer.stop_when.at_least", "trainer.stop_when.at_most"},
       early_end_has_one_limit},
      {{"trainer.stop_when.at_least", "trainer.stop_when.at_most", "trainer.stop_when.metric"}, early_end_can_come},
      {{"trainer.stop_when.times", "trainer.stop_when.metric", "trainer.eval_every", "trainer.steps", "trainer.epochs",
        "trainer.batch_size", "trainer.drop_last", "task.train_examples", "trainer.sampling", "optimizer.accumulate"},
       early_end_has_time},
      {{"trainer.stop_when.metric", "task.type", "task.target.kind"}, early_end_is_measured},
      {{"trainer.checkpoint.best", "task.type", "task.target.kind"}, best_is_measured},
  };
  return all;
}

}  // namespace headlight::config::schema
