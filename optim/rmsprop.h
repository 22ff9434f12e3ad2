#pragma once

#include "optim/optimizer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct RmspropOptions {
  OptimizerOptions common = {.learning_rate = 0.01};
  double alpha = 0.99;    ///< in [0, 1): decay of the averages; Keras calls it rho
  double eps = 1e-8;      ///< > 0, also once rounded to Real
  double momentum = 0;    ///< mu in [0, 1)
  bool centered = false;  ///< divide by the standard deviation instead of the root of the mean square
};

/// g <- g + l2 theta;  v <- alpha v + (1 - alpha) g^2;  u = g / (sqrt(v) + eps);  theta <- theta - rate u,
/// with momentum b <- mu b + u and theta <- theta - rate b, centered with max(v - a^2, 0) for v, a being the average of
/// g. PyTorch's form: eps outside of the root and the rate outside of the buffer (Keras has both inside). PyTorch
/// leaves the maximum out, and can meet the root of a negative number. Throws ConfigError on figures out of range.
/// Sources: Tieleman & Hinton 2012, "Lecture 6.5 - rmsprop"; Graves 2013, arXiv:1308.0850, section 4 (centered).
class Rmsprop : public Optimizer {
 public:
  Rmsprop(std::vector<Tensor> parameters, const RmspropOptions& options);
};

/// The same as an algorithm for a group; `common.groups` and `common.ema` mean nothing here.
Algorithm algorithm(const RmspropOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
