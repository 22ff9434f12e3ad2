#include "optim/sgd.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "core/kernels/optimizer_step.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Sgd::Sgd(std::vector<Tensor> parameters, const SgdOptions& options)
    : Optimizer(std::move(parameters), options.common,
                options.momentum > 0 ? std::vector<std::string>{"momentum"} : std::vector<std::string>{}),
      momentum_(options.momentum),
      dampening_(options.dampening),
      nesterov_(options.nesterov) {
  if (!(momentum_ >= 0 && momentum_ < 1)) {
    raise<ConfigError>("sgd", "momentum is outside [0, 1)", fmt::format("{}", momentum_));
  }
  if (nesterov_ && (momentum_ == 0 || dampening_ != 0)) {
    raise<ConfigError>("sgd", "nesterov needs a momentum and no dampening",
                       fmt::format("momentum {}, dampening {}", momentum_, dampening_));
  }
}

void Sgd::update(const Stretch& stretch) const {
  kernels::sgd_step(stretch.values, stretch.gradients, stretch.slots[0], stretch.size,
                    {.learning_rate = stretch.learning_rate,
                     .momentum = momentum_,
                     .dampening = dampening_,
                     .nesterov = nesterov_,
                     .weight_decay = stretch.l2,
                     .decoupled_decay = stretch.weight_decay,
                     .first_step = stretch.update == 1,
                     .grad_scale = stretch.gradient_scale});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
