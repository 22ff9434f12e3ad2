#pragma once

#include "optim/optimizer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct LionOptions {
  OptimizerOptions common = {.learning_rate = 1e-4};
  double beta1 = 0.9;   ///< in [0, 1)
  double beta2 = 0.99;  ///< in [0, 1)
};

/// theta <- theta - rate sign(beta1 m + (1 - beta1) g);  m <- beta2 m + (1 - beta2) g;  sign(0) = 0.
/// Every element moves by the rate, so it wants a rate 3 to 10 times smaller than Adam's, and a decay as much larger.
/// Throws ConfigError on figures out of range. Source: Chen et al. 2023, arXiv:2302.06675, algorithm 2 and section 5.
class Lion : public Optimizer {
 public:
  Lion(std::vector<Tensor> parameters, const LionOptions& options);
};

/// The same as an algorithm for a group; `common.groups` and `common.ema` mean nothing here.
Algorithm algorithm(const LionOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
