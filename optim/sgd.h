#pragma once

#include "optim/optimizer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct SgdOptions {
  OptimizerOptions common = {};
  double momentum = 0;   ///< mu in [0, 1)
  double dampening = 0;  ///< tau
  bool nesterov = false;
};

/// g <- g + l2 theta;  b <- mu b + (1 - tau) g (b = g at first);  theta <- theta - rate (nesterov ? g + mu b : b).
/// PyTorch's form: the rate stays outside of the buffer, so a change of rate takes effect at once (Keras keeps it
/// inside). Throws ConfigError when momentum is outside [0, 1), or nesterov has no momentum or a dampening.
/// Source: Sutskever, Martens, Dahl & Hinton 2013, "On the importance of initialization and momentum", section 2.
class Sgd : public Optimizer {
 public:
  Sgd(std::vector<Tensor> parameters, const SgdOptions& options);
};

/// The same as an algorithm for a group; `common.groups` and `common.ema` mean nothing here.
Algorithm algorithm(const SgdOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
