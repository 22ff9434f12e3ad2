#include "optim/groups.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check_figure(const char* name, double value) {
  if (!(value >= 0) || std::isinf(value)) {
    raise<ConfigError>("optimizer", fmt::format("{} must be finite and not negative", name), fmt::format("{}", value));
  }
}

void check_decay(double weight_decay, double l2) {
  if (weight_decay == 0 || l2 == 0) return;
  raise<ConfigError>("optimizer", "weight_decay and l2 are two kinds of the same thing; only one can be used",
                     fmt::format("weight_decay {}, l2 {}", weight_decay, l2),
                     "weight_decay is decoupled (AdamW), l2 is added to the gradient (Adam)");
}

void check_algorithm(const Algorithm& algorithm) {
  check_figure("the learning rate", algorithm.learning_rate);
  check_figure("the weight decay", algorithm.weight_decay);
  check_figure("l2", algorithm.l2);
  check_decay(algorithm.weight_decay, algorithm.l2);
  if (algorithm.rest != nullptr) check_algorithm(*algorithm.rest);
}

void check_group(const GroupOptions& group) {
  if (group.learning_rate) check_figure("a group's learning rate", *group.learning_rate);
  if (group.weight_decay) check_figure("a group's weight decay", *group.weight_decay);
  if (group.l2) check_figure("a group's l2", *group.l2);
  check_decay(group.weight_decay.value_or(0), group.l2.value_or(0));
  if (group.algorithm != nullptr) check_algorithm(*group.algorithm);
}

/// The algorithm of a parameter, `chosen` being the one that its group names.
const Algorithm& algorithm_of(const Tensor& parameter, const Algorithm& main, const Algorithm* chosen) {
  if (chosen != nullptr && chosen->rule->takes(parameter)) return *chosen;
  for (const Algorithm* next = &main; next != nullptr; next = next->rest.get()) {
    if (next->rule->takes(parameter)) return *next;
  }
  raise<ConfigError>("optimizer", "no algorithm takes `" + parameter.label() + "`",
                     "its shape is " + to_string(parameter.shape()), "give its group another algorithm");
}

ParameterSettings settings_of(const Tensor& parameter, const Algorithm& main, const GroupOptions* group) {
  const Algorithm* const chosen = group == nullptr ? nullptr : group->algorithm.get();
  const Algorithm& algorithm = algorithm_of(parameter, main, chosen);
  const bool decays = algorithm.decay == DecayScope::all || parameter.rank() >= 2;
  ParameterSettings settings{.rule = algorithm.rule,
                             .learning_rate = algorithm.learning_rate,
                             .weight_decay = decays ? algorithm.weight_decay : 0,
                             .l2 = decays ? algorithm.l2 : 0};
  // The figures of a group that names an algorithm were chosen for that one.
  if (group == nullptr || (chosen != nullptr && chosen != &algorithm)) return settings;
  settings.learning_rate = group->learning_rate.value_or(settings.learning_rate);
  if (group->weight_decay || group->l2) {
    settings.weight_decay = group->weight_decay.value_or(0);
    settings.l2 = group->l2.value_or(0);
  }
  return settings;
}

void refuse_unused(const GroupOptions& group, const std::vector<Tensor>& parameters) {
  std::string names;
  for (const Tensor& parameter : parameters) names += (names.empty() ? "" : ", ") + parameter.label();
  raise<ConfigError>("optimizer groups", "`" + group.match + "` matches no parameter", "the parameters are " + names,
                     "`*` stands for any characters");
}

}  // namespace

bool matches(std::string_view pattern, std::string_view name) {
  // Where the last star was, and how much of the name it covers: on a mismatch it takes one character more.
  std::size_t star = std::string_view::npos;
  std::size_t covered = 0;
  std::size_t p = 0;
  std::size_t n = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      covered = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++covered;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<ParameterSettings> assign_groups(const std::vector<Tensor>& parameters, const Algorithm& main,
                                             const std::vector<GroupOptions>& groups) {
  check_algorithm(main);
  for (const GroupOptions& group : groups) check_group(group);
  std::vector<bool> used(groups.size(), false);
  std::vector<ParameterSettings> settings;
  settings.reserve(parameters.size());
  for (const Tensor& parameter : parameters) {
    const GroupOptions* own = nullptr;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (!matches(groups[i].match, parameter.label())) continue;
      used[i] = true;
      if (own == nullptr) own = &groups[i];
    }
    settings.push_back(settings_of(parameter, main, own));
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!used[i]) refuse_unused(groups[i], parameters);
  }
  return settings;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
