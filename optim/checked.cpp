#include "optim/checked.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {

void check_share(const char* algorithm, const char* name, double value) {
  if (value >= 0 && value < 1) return;
  raise<ConfigError>(algorithm, fmt::format("{} is outside [0, 1)", name), fmt::format("{}", value));
}

void check_epsilon(const char* algorithm, double eps) {
  if (!(eps > 0)) raise<ConfigError>(algorithm, "eps must be above 0", fmt::format("{}", eps));
  if (!(static_cast<Real>(eps) > 0)) {
    raise<ConfigError>(algorithm, "eps is 0 in the precision of this build", fmt::format("{}", eps),
                       "use 1e-30 or more");
  }
  if (std::isinf(static_cast<Real>(eps))) {
    raise<ConfigError>(algorithm, "eps is infinite in the precision of this build", fmt::format("{}", eps),
                       "1e-8 is usual");
  }
}

Algorithm algorithm_with(std::shared_ptr<const UpdateRule> rule, const OptimizerOptions& common) {
  return {.rule = std::move(rule),
          .learning_rate = common.learning_rate,
          .weight_decay = common.weight_decay,
          .l2 = common.l2,
          .decay = common.decay};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
