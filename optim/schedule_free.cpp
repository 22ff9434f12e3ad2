#include "optim/schedule_free.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/kernels/optimizer_step.h"
#include "optim/checked.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

class ScheduleFreeRule : public UpdateRule {
 public:
  explicit ScheduleFreeRule(const ScheduleFreeOptions& options)
      : beta1_(options.beta1),
        beta2_(options.beta2),
        eps_(options.eps),
        step_power_(options.step_power),
        rate_power_(options.rate_power) {
    check_share("schedule_free", "beta1", beta1_);
    check_share("schedule_free", "beta2", beta2_);
    check_epsilon("schedule_free", eps_);
    if (!(step_power_ >= 0) || !(rate_power_ >= 0)) {
      raise<ConfigError>("schedule_free", "step_power and rate_power must be at least 0",
                         fmt::format("{} and {}", step_power_, rate_power_));
    }
  }

  std::vector<Slot> slots(const Shape& shape) const override { return {{"z", shape}, {"x", shape}, {"v", shape}}; }
  std::optional<std::size_t> evaluation_slot() const override { return 1; }
  std::vector<std::string> figures() const override { return {"largest_rate", "weight_sum"}; }

  void advance(double learning_rate, std::uint64_t update, std::span<double> figures) const override {
    figures[0] = std::max(figures[0], learning_rate);
    figures[1] += weight(update, figures[0]);
  }

  void update(const Stretch& stretch) const override {
    const double sum = stretch.figures[1];
    // While the rate is 0 nothing has any weight, and nothing moves.
    const double share = sum > 0 ? weight(stretch.update, stretch.figures[0]) / sum : 0;
    kernels::schedule_free_step(stretch.values, stretch.gradients, stretch.slots[0], stretch.slots[1], stretch.slots[2],
                                stretch.size,
                                {.learning_rate = stretch.learning_rate,
                                 .beta1 = beta1_,
                                 .beta2 = beta2_,
                                 .epsilon = eps_,
                                 .share = share,
                                 .weight_decay = stretch.l2,
                                 .decoupled_decay = stretch.weight_decay,
                                 .step = stretch.update,
                                 .grad_scale = stretch.gradient_scale});
  }

 private:
  double weight(std::uint64_t update, double largest_rate) const {
    return std::pow(static_cast<double>(update), step_power_) * std::pow(largest_rate, rate_power_);
  }

  double beta1_;
  double beta2_;
  double eps_;
  double step_power_;
  double rate_power_;
};

}  // namespace

Algorithm algorithm(const ScheduleFreeOptions& options) {
  return algorithm_with(std::make_shared<ScheduleFreeRule>(options), options.common);
}

ScheduleFree::ScheduleFree(std::vector<Tensor> parameters, const ScheduleFreeOptions& options)
    : Optimizer(std::move(parameters), algorithm(options), options.common) {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
