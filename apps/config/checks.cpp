#include "apps/config/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>

namespace headlight::config::schema {

namespace {

std::optional<Problem> task_fits_model(const Config& config, const Node& /*given*/) {
  const std::size_t needed = needed_positions(config);
  if (needed <= config.model.max_len) return std::nullopt;
  return Problem{.what = fmt::format("the task needs {} positions, but `model.max_len` is {}", needed,
                                     config.model.max_len),
                 .place = {},
                 .help = fmt::format("set `model.max_len` to at least {}, or shorten the task", needed)};
}

std::optional<Problem> lengths_are_ordered(const Config& config, const Node& /*given*/) {
  const LengthConfig& length = config.task.length;
  if (length.min <= length.max) return std::nullopt;
  return Problem{.what = fmt::format("`task.length.min` {} is more than `task.length.max` {}", length.min, length.max),
                 .place = {},
                 .help = "exchange them"};
}

bool has_end(ScheduleType type) {
  return type == ScheduleType::kLinear || type == ScheduleType::kCosine || type == ScheduleType::kCosineTimesWarmup ||
         type == ScheduleType::kCosinePerEpoch || type == ScheduleType::kWsd;
}

/// Schedules whose formula is made of the length of the warm-up.
bool needs_warmup(ScheduleType type) { return type == ScheduleType::kNoam || type == ScheduleType::kInverseSqrt; }

std::optional<Problem> warmup_ends(const Config& config, const Node& given) {
  const ScheduleConfig& schedule = config.schedule;
  if (needs_warmup(schedule.type)) return std::nullopt;
  const bool ends = has_end(schedule.type);
  // What decays behind the warm-up must have steps for it.
  const bool linear_or_cosine = schedule.type == ScheduleType::kLinear || schedule.type == ScheduleType::kCosine;
  const std::size_t behind = linear_or_cosine                      ? 1
                             : schedule.type == ScheduleType::kWsd ? std::max<std::size_t>(schedule.decay_steps, 1)
                                                                   : 0;
  const std::size_t steps = ends ? schedule.steps : total_steps(config);
  if (steps == 0 || schedule.warmup_steps + behind <= steps) return std::nullopt;
  const char* what_has_steps = ends && is_given(given, "schedule.steps") ? "`schedule.steps` is" : "the run has";
  if (behind > 1) {
    return Problem{.what = fmt::format("`schedule.warmup_steps` {} and `schedule.decay_steps` {} are more than the {} "
                                       "steps of the schedule",
                                       schedule.warmup_steps, schedule.decay_steps, steps),
                   .place = {},
                   .help = "warm up and decay within the schedule"};
  }
  return Problem{.what = fmt::format("`schedule.warmup_steps` is {}, but {} {}", schedule.warmup_steps, what_has_steps,
                                     steps),
                 .place = {},
                 .help = behind > 0 ? fmt::format("leave steps for the decay: at most {}", steps - 1)
                                    : fmt::format("warm up for at most {} steps", steps)};
}

std::optional<Problem> formula_has_warmup(const Config& config, const Node& /*given*/) {
  if (!needs_warmup(config.schedule.type) || config.schedule.warmup_steps > 0) return std::nullopt;
  return Problem{.what = fmt::format("`schedule.type` \"{}\" needs a warm-up, but `schedule.warmup_steps` is 0",
                                     config.schedule.type == ScheduleType::kNoam ? "noam" : "inverse_sqrt"),
                 .place = {},
                 .help = "give `schedule.warmup_steps`, such as 400"};
}

std::optional<Problem> epochs_are_known(const Config& config, const Node& given) {
  if (config.schedule.type != ScheduleType::kCosinePerEpoch || is_given(given, "schedule.epoch_steps")) {
    return std::nullopt;
  }
  if (config.trainer.sampling == Sampling::kEpochs) return std::nullopt;
  return Problem{.what = fmt::format("`schedule.type` \"cosine_per_epoch\" needs epochs, but `trainer.sampling` is {}",
                                     sampling_name(config)),
                 .place = {},
                 .help = "give `schedule.epoch_steps`, or set `trainer.sampling` to \"epochs\""};
}

std::optional<Problem> one_average(const Config& config, const Node& /*given*/) {
  const auto averages = [](const ParameterGroup& group) { return group.type == OptimizerType::kScheduleFree; };
  const auto& groups = config.optimizer.groups;
  if (!config.optimizer.ema || std::none_of(groups.begin(), groups.end(), averages)) return std::nullopt;
  return Problem{.what = "`optimizer.ema` beside a group of type \"schedule_free\", which averages its weights itself",
                 .place = {},
                 .help = "remove `ema`, or give the group another type"};
}

std::optional<Problem> nesterov_has_momentum(const Config& config, const Node& given) {
  const bool asked_for = config.optimizer.nesterov && is_given(given, "optimizer.nesterov");
  if (!asked_for || config.optimizer.momentum > 0) return std::nullopt;
  return Problem{.what = "`optimizer.nesterov` has no effect while `optimizer.momentum` is 0",
                 .place = {},
                 .help = "give a momentum such as 0.9, or remove `nesterov`"};
}

std::optional<Problem> evaluation_fits_set(const Config& config, const Node& /*given*/) {
  if (!is_measured(config) || config.trainer.eval_examples <= config.task.eval.examples) return std::nullopt;
  return Problem{.what = fmt::format("`trainer.eval_examples` is {}, but the evaluation set holds {} examples",
                                     config.trainer.eval_examples, config.task.eval.examples),
                 .place = {},
                 .help = fmt::format("take at most {}, or {}", config.task.eval.examples,
                                     reads_files(config) ? "hold more out" : "raise `task.eval.examples`")};
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {
      {{"model.max_len", "task.length"}, task_fits_model},
      {{"task.length.min", "task.length.max"}, lengths_are_ordered},
      {{"schedule.warmup_steps", "schedule.type", "schedule.steps", "trainer.steps", "trainer.epochs",
        "schedule.decay_steps", "trainer.batch_size", "trainer.drop_last", "task.train_examples", "trainer.sampling",
        "optimizer.accumulate"},
       warmup_ends},
      {{"schedule.type", "schedule.warmup_steps"}, formula_has_warmup},
      {{"schedule.type", "schedule.epoch_steps", "trainer.sampling", "task.train_examples"}, epochs_are_known},
      {{"optimizer.ema", "optimizer.groups", "optimizer.type"}, one_average},
      {{"optimizer.nesterov", "optimizer.momentum", "optimizer.type"}, nesterov_has_momentum},
      {{"trainer.eval_examples", "task.eval.examples"}, evaluation_fits_set},
  };
  return all;
}

}  // namespace

void check_together(const Config& config, const Node& given, Report& report) {
  std::vector<Rule> all = model_rules();
  for (const std::vector<Rule>* part : {&task_rules(), &algorithm_rules(), &rules(), &goal_rules(), &sampling_rules(),
                                        &data_rules(), &inspection_rules()}) {
    all.insert(all.end(), part->begin(), part->end());
  }
  for (const Rule& rule : all) {
    if (std::any_of(rule.keys.begin(), rule.keys.end(), [&](const char* key) { return report.is_broken(key); }))
      continue;
    auto problem = rule.check(config, given);
    if (!problem) continue;
    const auto shown =
        std::find_if(rule.keys.begin(), rule.keys.end(), [&](const char* key) { return is_given(given, key); });
    problem->place = place_of(given, shown == rule.keys.end() ? rule.keys.front() : *shown);
    report.problems.push_back(std::move(*problem));
  }
}

namespace {

const Node* item_of(const Node& list, std::string_view index) {
  std::size_t i = list.children.size();
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), i);
  const bool whole = error == std::errc{} && end == index.data() + index.size();
  return whole && i < list.children.size() ? &list.children[i] : nullptr;
}

}  // namespace

bool is_given(const Node& given, std::string_view path) { return find_node(given, path) != nullptr; }

const Node* find_node(const Node& root, std::string_view path) {
  const Node* node = &root;
  while (node != nullptr && !path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    node = node->kind == Node::Kind::kList ? item_of(*node, path.substr(0, end)) : node->find(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return node;
}

Place place_of(const Node& root, std::string_view path) {
  if (const Node* node = find_node(root, path)) return node->value;
  for (std::size_t dot = path.rfind('.'); dot != std::string_view::npos; dot = path.rfind('.')) {
    path = path.substr(0, dot);
    if (const Node* node = find_node(root, path)) return node->key;
  }
  const Place& whole = root.value;
  return {whole.source, whole.begin, whole.source == nullptr ? 0 : whole.begin + 1};
}

}  // namespace headlight::config::schema
