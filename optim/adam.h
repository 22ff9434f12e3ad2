#pragma once

#include "core/kernels/optimizer_step.h"
#include "optim/optimizer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

using kernels::AdamForm;

struct AdamOptions {
  OptimizerOptions common = {};
  double beta1 = 0.9;    ///< in [0, 1)
  double beta2 = 0.999;  ///< in [0, 1)
  double eps = 1e-8;     ///< > 0, also once rounded to Real; Keras has 1e-7
  AdamForm form = AdamForm::torch;
};

/// m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;
/// theta <- theta - rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps),
/// with t the number of this parameter's updates; AdamForm has the forms of Keras and MLX. `common.weight_decay` makes
/// it AdamW (decay first, decoupled); `common.l2` is Adam's own decay, added to g. Throws ConfigError on figures out of
/// range.
/// Sources: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1; Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2.
class Adam : public Optimizer {
 public:
  Adam(std::vector<Tensor> parameters, const AdamOptions& options);
};

/// The same as an algorithm for a group; `common.groups` and `common.ema` mean nothing here.
Algorithm algorithm(const AdamOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
