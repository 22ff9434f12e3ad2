#include "optim/adam.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "core/kernels/optimizer_step.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options)
    : Optimizer(std::move(parameters), options.common, {"m", "v"}),
      beta1_(options.beta1),
      beta2_(options.beta2),
      eps_(options.eps) {
  if (!(beta1_ >= 0 && beta1_ < 1 && beta2_ >= 0 && beta2_ < 1 && eps_ > 0)) {
    raise<ConfigError>("adam", "betas must lie in [0, 1) and eps above 0",
                       fmt::format("betas {} and {}, eps {}", beta1_, beta2_, eps_));
  }
  if (!(static_cast<Real>(eps_) > 0)) {
    // A parameter whose gradients are all 0 so far would be divided 0 / 0.
    raise<ConfigError>("adam", "eps is 0 in the precision of this build", fmt::format("{}", eps_), "use 1e-30 or more");
  }
}

void Adam::update(const Stretch& stretch) const {
  kernels::adam_step(stretch.values, stretch.gradients, stretch.slots[0], stretch.slots[1], stretch.size,
                     {.learning_rate = stretch.learning_rate,
                      .beta1 = beta1_,
                      .beta2 = beta2_,
                      .epsilon = eps_,
                      .weight_decay = stretch.l2,
                      .decoupled_decay = stretch.weight_decay,
                      .step = stretch.update,
                      .grad_scale = stretch.gradient_scale});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
