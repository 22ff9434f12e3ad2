#include "optim/adam.h"

#include <utility>

#include "optim/checked.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

class AdamRule : public UpdateRule {
 public:
  explicit AdamRule(const AdamOptions& options)
      : beta1_(options.beta1), beta2_(options.beta2), eps_(options.eps), form_(options.form) {
    check_share("adam", "beta1", beta1_);
    check_share("adam", "beta2", beta2_);
    check_epsilon("adam", eps_);
  }

  std::vector<Slot> slots(const Shape& shape) const override { return {{"m", shape}, {"v", shape}}; }

  void update(const Stretch& stretch) const override {
    kernels::adam_step(stretch.values, stretch.gradients, stretch.slots[0], stretch.slots[1], stretch.size,
                       {.learning_rate = stretch.learning_rate,
                        .beta1 = beta1_,
                        .beta2 = beta2_,
                        .epsilon = eps_,
                        .form = form_,
                        .weight_decay = stretch.l2,
                        .decoupled_decay = stretch.weight_decay,
                        .step = stretch.update,
                        .grad_scale = stretch.gradient_scale});
  }

 private:
  double beta1_;
  double beta2_;
  double eps_;
  AdamForm form_;
};

}  // namespace

Algorithm algorithm(const AdamOptions& options) {
  return algorithm_with(std::make_shared<AdamRule>(options), options.common);
}

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options)
    : Optimizer(std::move(parameters), algorithm(options), options.common) {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
