#include "optim/sgd.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "core/kernels/optimizer_step.h"
#include "optim/checked.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

class SgdRule : public UpdateRule {
 public:
  explicit SgdRule(const SgdOptions& options)
      : momentum_(options.momentum), dampening_(options.dampening), nesterov_(options.nesterov) {
    check_share("sgd", "momentum", momentum_);
    if (nesterov_ && (momentum_ == 0 || dampening_ != 0)) {
      raise<ConfigError>("sgd", "nesterov needs a momentum and no dampening",
                         fmt::format("momentum {}, dampening {}", momentum_, dampening_));
    }
  }

  std::vector<Slot> slots(const Shape& shape) const override {
    if (momentum_ == 0) return {};
    return {{"momentum", shape}};
  }

  void update(const Stretch& stretch) const override {
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

 private:
  double momentum_;
  double dampening_;
  bool nesterov_;
};

}  // namespace

Algorithm algorithm(const SgdOptions& options) {
  return algorithm_with(std::make_shared<SgdRule>(options), options.common);
}

Sgd::Sgd(std::vector<Tensor> parameters, const SgdOptions& options)
    : Optimizer(std::move(parameters), algorithm(options), options.common) {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
