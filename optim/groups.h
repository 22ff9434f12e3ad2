#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Which parameters the weight decay of an optimiser touches.
enum class DecayScope {
  matrices,  ///< parameters with two or more axes: not biases, not norms (Loshchilov & Hutter leave this open)
  all,
};

/// Settings of their own for the parameters whose name matches. `match` is a dotted name in which `*` stands for any
/// characters: "embedding.*", "*.bias". The first group that matches a parameter counts.
struct GroupOptions {
  std::string match;
  std::optional<double> learning_rate = {};
  std::optional<double> weight_decay = {};  ///< in place of the optimiser's decay, whatever the scope says
};

/// What an optimiser does to one parameter.
struct ParameterSettings {
  double learning_rate;
  double weight_decay;
};

/// True when the pattern, with `*` for any characters, covers the whole name.
bool matches(std::string_view pattern, std::string_view name);

/// The settings of each parameter by its label. Throws ConfigError when a group matches no parameter (naming all
/// parameters) or a figure is negative or not finite.
std::vector<ParameterSettings> assign_groups(const std::vector<Tensor>& parameters, double learning_rate,
                                             double weight_decay, DecayScope scope,
                                             const std::vector<GroupOptions>& groups);

}  // namespace headlight::inline HEADLIGHT_PRECISION
