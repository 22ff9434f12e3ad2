#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "optim/update_rule.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Settings of their own for the parameters whose name matches. `match` is a dotted name in which `*` stands for any
/// characters: "embedding.*", "*.bias". The first group that matches a parameter counts.
struct GroupOptions {
  std::string match;
  std::optional<double> learning_rate = {};
  /// In place of the algorithm's decay of either kind, whatever the scope says; not both.
  std::optional<double> weight_decay = {};
  std::optional<double> l2 = {};
  /// In place of the optimiser's; what it does not take falls back to that one. The group's figures above stay for the
  /// parameters that it takes.
  std::shared_ptr<const Algorithm> algorithm = nullptr;
};

/// What an optimiser does to one parameter.
struct ParameterSettings {
  std::shared_ptr<const UpdateRule> rule;
  double learning_rate;
  double weight_decay;  ///< decoupled
  double l2;
};

/// True when the pattern, with `*` for any characters, covers the whole name.
bool matches(std::string_view pattern, std::string_view name);

/// The settings of each parameter by its label: of the first group that matches it, else of `main`. A parameter that an
/// algorithm does not take goes to `main`, and what that does not take to `main.rest`. Throws ConfigError when a group
/// matches no parameter (naming all parameters), when no algorithm takes a parameter, when an algorithm has both kinds
/// of decay, or when a figure is negative or not finite.
std::vector<ParameterSettings> assign_groups(const std::vector<Tensor>& parameters, const Algorithm& main,
                                             const std::vector<GroupOptions>& groups);

}  // namespace headlight::inline HEADLIGHT_PRECISION
