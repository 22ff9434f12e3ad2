#include "optim/groups.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check_figure(const char* name, double value) {
  if (!(value >= 0) || std::isinf(value)) {
    raise<ConfigError>("optimizer", fmt::format("{} must be finite and not negative", name), fmt::format("{}", value));
  }
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

std::vector<ParameterSettings> assign_groups(const std::vector<Tensor>& parameters, double learning_rate,
                                             double weight_decay, DecayScope scope,
                                             const std::vector<GroupOptions>& groups) {
  check_figure("the learning rate", learning_rate);
  check_figure("the weight decay", weight_decay);
  std::vector<bool> used(groups.size(), false);
  std::vector<ParameterSettings> settings;
  settings.reserve(parameters.size());
  for (const Tensor& parameter : parameters) {
    const bool decays = scope == DecayScope::all || parameter.rank() >= 2;
    ParameterSettings own{learning_rate, decays ? weight_decay : 0};
    bool found = false;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (!matches(groups[i].match, parameter.label())) continue;
      used[i] = true;
      if (found) continue;
      found = true;
      own.learning_rate = groups[i].learning_rate.value_or(own.learning_rate);
      own.weight_decay = groups[i].weight_decay.value_or(own.weight_decay);
    }
    check_figure("a group's learning rate", own.learning_rate);
    check_figure("a group's weight decay", own.weight_decay);
    settings.push_back(own);
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!used[i]) refuse_unused(groups[i], parameters);
  }
  return settings;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
