#include "optim/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check_figure(std::string_view where, const char* name, double value) {
  if (!(value >= 0) || std::isinf(value)) {
    raise<ConfigError>(where, fmt::format("{} must be finite and not negative", name), fmt::format("{}", value));
  }
}

void check_decay(std::string_view where, double weight_decay, double l2) {
  if (weight_decay == 0 || l2 == 0) return;
  raise<ConfigError>(where, "weight_decay and l2 are two kinds of the same thing; only one can be used",
                     fmt::format("weight_decay {}, l2 {}", weight_decay, l2),
                     "weight_decay is decoupled (AdamW), l2 is added to the gradient (Adam)");
}

void check_algorithm(std::string_view where, const Algorithm& algorithm) {
  check_figure(where, "the learning rate", algorithm.learning_rate);
  check_figure(where, "the weight decay", algorithm.weight_decay);
  check_figure(where, "l2", algorithm.l2);
  check_decay(where, algorithm.weight_decay, algorithm.l2);
  if (algorithm.rest != nullptr) check_algorithm(where, *algorithm.rest);
}

void check_group(const GroupOptions& group) {
  const std::string where = fmt::format("optimizer group `{}`", group.match);
  if (group.learning_rate) check_figure(where, "the learning rate", *group.learning_rate);
  if (group.weight_decay) check_figure(where, "the weight decay", *group.weight_decay);
  if (group.l2) check_figure(where, "l2", *group.l2);
  check_decay(where, group.weight_decay.value_or(0), group.l2.value_or(0));
  if (group.algorithm != nullptr) check_algorithm(where, *group.algorithm);
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

/// What a group has to do with the parameters.
struct Part {
  std::vector<std::size_t> before = {};  ///< groups before it that have parameters which it matches too
  std::vector<std::string> own = {};     ///< labels of the parameters whose first group it is
  bool counts = false;                   ///< one of them gets its settings
};

/// Throws the GroupError of a group that changes nothing.
void check_part(const std::vector<GroupOptions>& groups, std::size_t number, const Part& part,
                const std::vector<Tensor>& parameters) {
  if (part.counts) return;
  const std::string& match = groups[number].match;
  if (!part.own.empty()) {
    throw GroupError(number,
                     fmt::format("the algorithm of `{}` takes none of its parameters: {}", match,
                                 fmt::join(part.own, ", ")),
                     "Muon takes matrices alone; leave the algorithm out, or the group");
  }
  if (!part.before.empty()) {
    std::vector<std::string> others;
    others.reserve(part.before.size());
    for (const std::size_t other : part.before) others.push_back(fmt::format("`{}`", groups[other].match));
    throw GroupError(number,
                     fmt::format("`{}` changes nothing: all that it matches belongs to {} before it", match,
                                 fmt::join(others, " and ")),
                     "the first group that matches a parameter counts; put the narrower pattern first");
  }
  std::vector<std::string> names;
  names.reserve(parameters.size());
  for (const Tensor& parameter : parameters) names.push_back(parameter.label());
  throw GroupError(number, fmt::format("`{}` matches no parameter", match),
                   fmt::format("the parameters are {}; `*` stands for any characters", fmt::join(names, ", ")));
}

}  // namespace

GroupError::GroupError(std::size_t group, std::string fault, std::string help)
    : ConfigError(message("optimizer groups", fault, {}, help)),
      group_(group),
      fault_(std::move(fault)),
      help_(std::move(help)) {}

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
  check_algorithm("optimizer", main);
  for (const GroupOptions& group : groups) check_group(group);
  std::vector<Part> parts(groups.size());
  std::vector<ParameterSettings> settings;
  settings.reserve(parameters.size());
  for (const Tensor& parameter : parameters) {
    std::optional<std::size_t> own;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (!matches(groups[i].match, parameter.label())) continue;
      if (!own) {
        own = i;
        parts[i].own.push_back(parameter.label());
        const Algorithm* const algorithm = groups[i].algorithm.get();
        parts[i].counts = parts[i].counts || algorithm == nullptr || algorithm->rule->takes(parameter);
      } else if (std::find(parts[i].before.begin(), parts[i].before.end(), *own) == parts[i].before.end()) {
        parts[i].before.push_back(*own);
      }
    }
    settings.push_back(settings_of(parameter, main, own ? &groups[*own] : nullptr));
  }
  for (std::size_t i = 0; i < groups.size(); ++i) check_part(groups, i, parts[i], parameters);
  return settings;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
