#pragma once

#include "optim/optimizer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct ScheduleFreeOptions {
  OptimizerOptions common = {.learning_rate = 0.0025};
  double beta1 = 0.9;     ///< in [0, 1): where between z and x gradients are taken
  double beta2 = 0.999;   ///< in [0, 1)
  double eps = 1e-8;      ///< > 0, also once rounded to Real
  double step_power = 0;  ///< r >= 0: update t counts t^r in the average
  double rate_power = 2;  ///< >= 0: and as much as the largest rate so far to this power
};

/// Schedule-free AdamW: an average x of the weights takes the place of a falling rate. At update t with rate gamma,
/// which has the warm-up in it: w = t^step_power gamma_max^rate_power;  c = w / (sum of all w so far);
/// z <- z - gamma weight_decay y;  v <- beta2 v + (1 - beta2) g^2;  z <- z - gamma g / (sqrt(v / (1 - beta2^t)) + eps);
/// x <- (1 - c) x + c z;  y <- beta1 x + (1 - beta1) z.
/// The parameters hold y, where gradients are taken; Optimizer::EvaluationWeights puts x in their place. Train it with
/// a constant schedule; the authors' warm-up over w steps is Warmup::from_first over w - 1.
/// Throws ConfigError on figures out of range. Source: Defazio et al. 2024, arXiv:2405.15682, algorithm 1.
class ScheduleFree : public Optimizer {
 public:
  ScheduleFree(std::vector<Tensor> parameters, const ScheduleFreeOptions& options);
};

/// The same as an algorithm for a group; `common.groups` and `common.ema` mean nothing here.
Algorithm algorithm(const ScheduleFreeOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
