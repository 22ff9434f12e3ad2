#include "optim/lion.h"

#include <utility>

#include "core/kernels/optimizer_step.h"
#include "optim/checked.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

class LionRule : public UpdateRule {
 public:
  explicit LionRule(const LionOptions& options) : beta1_(options.beta1), beta2_(options.beta2) {
    check_share("lion", "beta1", beta1_);
    check_share("lion", "beta2", beta2_);
  }

  std::vector<Slot> slots(const Shape& shape) const override { return {{"m", shape}}; }

  void update(const Stretch& stretch) const override {
    kernels::lion_step(stretch.values, stretch.gradients, stretch.slots[0], stretch.size,
                       {.learning_rate = stretch.learning_rate,
                        .beta1 = beta1_,
                        .beta2 = beta2_,
                        .weight_decay = stretch.l2,
                        .decoupled_decay = stretch.weight_decay,
                        .grad_scale = stretch.gradient_scale});
  }

 private:
  double beta1_;
  double beta2_;
};

}  // namespace

Algorithm algorithm(const LionOptions& options) {
  return algorithm_with(std::make_shared<LionRule>(options), options.common);
}

Lion::Lion(std::vector<Tensor> parameters, const LionOptions& options)
    : Optimizer(std::move(parameters), algorithm(options), options.common) {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
