#include "optim/rmsprop.h"

#include <utility>

#include "core/kernels/optimizer_step.h"
#include "optim/checked.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

class RmspropRule : public UpdateRule {
 public:
  explicit RmspropRule(const RmspropOptions& options)
      : alpha_(options.alpha), eps_(options.eps), momentum_(options.momentum), centered_(options.centered) {
    check_share("rmsprop", "alpha", alpha_);
    check_share("rmsprop", "momentum", momentum_);
    check_epsilon("rmsprop", eps_);
  }

  std::vector<Slot> slots(const Shape& shape) const override {
    std::vector<Slot> slots{{"v", shape}};
    if (centered_) slots.push_back({"mean", shape});
    if (momentum_ > 0) slots.push_back({"momentum", shape});
    return slots;
  }

  void update(const Stretch& stretch) const override {
    Real* const mean = centered_ ? stretch.slots[1] : nullptr;
    Real* const buffer = momentum_ > 0 ? stretch.slots[centered_ ? 2 : 1] : nullptr;
    kernels::rmsprop_step(stretch.values, stretch.gradients, stretch.slots[0], mean, buffer, stretch.size,
                          {.learning_rate = stretch.learning_rate,
                           .alpha = alpha_,
                           .epsilon = eps_,
                           .momentum = momentum_,
                           .weight_decay = stretch.l2,
                           .decoupled_decay = stretch.weight_decay,
                           .grad_scale = stretch.gradient_scale});
  }

 private:
  double alpha_;
  double eps_;
  double momentum_;
  bool centered_;
};

}  // namespace

Algorithm algorithm(const RmspropOptions& options) {
  return algorithm_with(std::make_shared<RmspropRule>(options), options.common);
}

Rmsprop::Rmsprop(std::vector<Tensor> parameters, const RmspropOptions& options)
    : Optimizer(std::move(parameters), algorithm(options), options.common) {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
