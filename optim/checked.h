#pragma once

#include <memory>
#include <utility>

#include "optim/optimizer.h"

/// What the algorithms share while they are built.
namespace headlight::inline HEADLIGHT_PRECISION {

/// Throws ConfigError unless 0 <= value < 1. `algorithm` and `name` are for the message.
void check_share(const char* algorithm, const char* name, double value);

/// Throws ConfigError unless eps is above 0 and finite, also once rounded to Real: a parameter whose gradients are all 0
/// so far would be divided 0 / 0, or no parameter would ever move.
void check_epsilon(const char* algorithm, double eps);

/// The algorithm of a rule with the rate and the decay of `common`.
Algorithm algorithm_with(std::shared_ptr<const UpdateRule> rule, const OptimizerOptions& common);

}  // namespace headlight::inline HEADLIGHT_PRECISION
