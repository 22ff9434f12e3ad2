#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
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

/// A group that would change nothing, with its place: what a program that read the groups from a file needs to show the
/// line.
class GroupError : public ConfigError {
 public:
  GroupError(std::size_t group, std::string fault, std::string help);

  std::size_t group() const { return group_; }  ///< its number among the groups, from 0
  const std::string& fault() const { return fault_; }
  const std::string& help() const { return help_; }

 private:
  std::size_t group_;
  std::string fault_;
  std::string help_;
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
/// algorithm does not take goes to `main`, and what that does not take to `main.rest`. Throws GroupError when a group
/// changes nothing: it matches no parameter, or only those of groups before it, or its algorithm takes none of its own;
/// ConfigError when no algorithm takes a parameter, when an algorithm or a group has both kinds of decay, or when a
/// figure is negative or not finite.
std::vector<ParameterSettings> assign_groups(const std::vector<Tensor>& parameters, const Algorithm& main,
                                             const std::vector<GroupOptions>& groups);

}  // namespace headlight::inline HEADLIGHT_PRECISION
