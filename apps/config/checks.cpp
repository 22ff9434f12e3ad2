#include "apps/config/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>

namespace headlight::config::schema {

namespace {

struct Rule {
  std::vector<const char*> keys;  ///< what it speaks of; the problem is shown at the first that is given
  std::optional<Problem> (*check)(const Config& config, const Node& given);
};

bool is_given(const Node& given, std::string_view path) { return find_node(given, path) != nullptr; }

std::optional<Problem> heads_divide_width(const Config& config, const Node& given) {
  const std::size_t width = config.model.d_model;
  const std::size_t heads = config.model.heads;
  if (is_given(given, "model.head_dim") || width % heads == 0) return std::nullopt;
  const std::size_t below = width / heads * heads;
  const auto pair = [](std::size_t low, std::size_t high) {
    return low == 0 || low == high ? fmt::format("{}", high) : fmt::format("{} or {}", low, high);
  };
  std::size_t fewer = heads;
  while (width % fewer != 0) --fewer;
  std::size_t more = heads;
  while (more < width && width % more != 0) ++more;
  if (more > width) more = fewer;
  return Problem{.what = fmt::format("`model.d_model` is {}, not a multiple of `model.heads`, {}", width, heads),
                 .place = {},
                 .help = fmt::format("take a `d_model` of {}, or {} heads, or give `model.head_dim`",
                                     pair(below, below + heads), pair(fewer, more))};
}

std::optional<Problem> task_fits_model(const Config& config, const Node& /*given*/) {
  if (config.task.length <= config.model.max_len) return std::nullopt;
  return Problem{.what = fmt::format("the task needs {} positions, but `model.max_len` is {}", config.task.length,
                                     config.model.max_len),
                 .place = {},
                 .help = fmt::format("set `model.max_len` to at least {}, or `task.length` to at most {}",
                                     config.task.length, config.model.max_len)};
}

std::optional<Problem> warmup_ends(const Config& config, const Node& given) {
  const ScheduleConfig& schedule = config.schedule;
  const bool constant = schedule.type == ScheduleType::kConstant;
  // Linear and cosine decay over (steps - warmup_steps): that must not be empty.
  const bool decays_after = schedule.type == ScheduleType::kLinear || schedule.type == ScheduleType::kCosine;
  const std::size_t steps = constant ? total_steps(config) : schedule.steps;
  if (steps == 0 || schedule.warmup_steps < steps + (decays_after ? 0 : 1)) return std::nullopt;
  const char* what_has_steps = !constant && is_given(given, "schedule.steps") ? "`schedule.steps` is" : "the run has";
  return Problem{.what = fmt::format("`schedule.warmup_steps` is {}, but {} {}", schedule.warmup_steps, what_has_steps,
                                     steps),
                 .place = {},
                 .help = decays_after ? fmt::format("leave steps for the decay: at most {}", steps - 1)
                                      : fmt::format("warm up for at most {} steps", steps)};
}

std::optional<Problem> nesterov_has_momentum(const Config& config, const Node& /*given*/) {
  if (!config.optimizer.nesterov || config.optimizer.momentum > 0) return std::nullopt;
  return Problem{.what = "`optimizer.nesterov` has no effect while `optimizer.momentum` is 0",
                 .place = {},
                 .help = "give a momentum such as 0.9, or remove `nesterov`"};
}

std::optional<Problem> training_set_is_used(const Config& config, const Node& /*given*/) {
  if (config.trainer.sampling != Sampling::kFresh || !config.task.train_examples) return std::nullopt;
  return Problem{.what = "`task.train_examples` has no effect while `trainer.sampling` is \"fresh\"",
                 .place = {},
                 .help = "remove it, or set `trainer.sampling` to \"epochs\""};
}

std::optional<Problem> epochs_have_a_set(const Config& config, const Node& /*given*/) {
  if (config.trainer.sampling != Sampling::kFresh || !config.trainer.epochs) return std::nullopt;
  return Problem{.what = "`trainer.epochs` needs a fixed training set, but `trainer.sampling` is \"fresh\"",
                 .place = {},
                 .help = "give `trainer.steps` instead, or set `trainer.sampling` to \"epochs\""};
}

std::optional<Problem> full_batch_has_a_set(const Config& config, const Node& /*given*/) {
  if (config.trainer.sampling != Sampling::kFresh || !config.trainer.batch_size.full) return std::nullopt;
  return Problem{.what = "`trainer.batch_size` is \"full\", but with `trainer.sampling` \"fresh\" there is no full set",
                 .place = {},
                 .help = "give a number, or set `trainer.sampling` to \"epochs\""};
}

std::optional<Problem> batch_fits_set(const Config& config, const Node& /*given*/) {
  const std::size_t examples = config.task.train_examples.value_or(0);
  const BatchSize& batch = config.trainer.batch_size;
  if (config.trainer.sampling != Sampling::kEpochs || batch.full || batch.count <= examples) return std::nullopt;
  return Problem{.what = fmt::format("`trainer.batch_size` is {}, but the training set holds {} examples", batch.count,
                                     examples),
                 .place = {},
                 .help = fmt::format("take at most {}, or \"full\", or raise `task.train_examples`", examples)};
}

std::optional<Problem> evaluation_fits_set(const Config& config, const Node& /*given*/) {
  if (config.trainer.eval_examples <= config.task.eval.examples) return std::nullopt;
  return Problem{.what = fmt::format("`trainer.eval_examples` is {}, but the evaluation set holds {} examples",
                                     config.trainer.eval_examples, config.task.eval.examples),
                 .place = {},
                 .help = fmt::format("take at most {}, or raise `task.eval.examples`", config.task.eval.examples)};
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {
      {{"model.d_model", "model.heads", "model.head_dim"}, heads_divide_width},
      {{"model.max_len", "task.length"}, task_fits_model},
      {{"schedule.warmup_steps", "schedule.type", "schedule.steps", "trainer.steps", "trainer.epochs",
        "trainer.batch_size", "trainer.drop_last", "task.train_examples", "trainer.sampling"},
       warmup_ends},
      {{"optimizer.nesterov", "optimizer.momentum", "optimizer.type"}, nesterov_has_momentum},
      {{"task.train_examples", "trainer.sampling"}, training_set_is_used},
      {{"trainer.epochs", "trainer.sampling"}, epochs_have_a_set},
      {{"trainer.batch_size", "trainer.sampling"}, full_batch_has_a_set},
      {{"trainer.batch_size", "task.train_examples", "trainer.sampling"}, batch_fits_set},
      {{"trainer.eval_examples", "task.eval.examples"}, evaluation_fits_set},
  };
  return all;
}

}  // namespace

void check_together(const Config& config, const Node& given, Report& report) {
  for (const Rule& rule : rules()) {
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

const Node* find_node(const Node& root, std::string_view path) {
  const Node* node = &root;
  while (node != nullptr && !path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    node = node->find(path.substr(0, end));
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
