#include "optim/optimizer.h"

#include <algorithm>

#include "core/error.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::size_t kElementsPerTask = 8192;
/// From this size on a parameter that is updated whole has the threads for itself.
constexpr std::size_t kLargeElements = std::size_t{1} << 18;
constexpr std::size_t kAlignedElements = 64 / sizeof(Real);

}  // namespace

Optimizer::Optimizer(std::vector<Tensor> parameters, const Algorithm& algorithm, const OptimizerOptions& options)
    : parameters_(std::move(parameters)),
      settings_(assign_groups(parameters_.parameters(), algorithm, options.groups)),
      updates_(parameters_.parameters().size(), 0) {
  lay_out_slots();
  plan_tasks();
  if (!options.ema) return;
  if (averages_) {
    raise<ConfigError>("optimizer", "ema beside an algorithm that averages the weights itself", {},
                       "leave ema out: evaluation uses the algorithm's own average");
  }
  ema_.emplace(parameters_.size(), *options.ema);
}

void Optimizer::lay_out_slots() {
  std::size_t size = 0;
  std::size_t figures = 0;
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    const UpdateRule& rule = *settings_[i].rule;
    Kept kept{.slots = rule.slots(parameters_.parameters()[i].shape()), .offsets = {}, .figures = figures};
    if (kept.slots.size() > Stretch::kMaximumSlots) {
      raise<StateError>("optimizer", "an algorithm has too many slots", std::to_string(kept.slots.size()),
                        "raise Stretch::kMaximumSlots");
    }
    for (std::size_t s = 0; s < kept.slots.size(); ++s) {
      kept.offsets[s] = size;
      size += (element_count(kept.slots[s].shape) + kAlignedElements - 1) / kAlignedElements * kAlignedElements;
    }
    figures += rule.figures().size();
    averages_ = averages_ || rule.evaluation_slot().has_value();
    kept_.push_back(std::move(kept));
  }
  memory_ = zeros({size});
  figures_.assign(figures, 0);
}

void Optimizer::plan_tasks() {
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    const std::size_t size = parameters_.segments()[i].size;
    if (settings_[i].rule->needs_whole()) {
      (size < kLargeElements ? tasks_ : large_).push_back({i, 0, size});
      continue;
    }
    for (std::size_t done = 0; done < size; done += kElementsPerTask) {
      tasks_.push_back({i, done, std::min(kElementsPerTask, size - done)});
    }
  }
  // The longest first, so that no thread begins one when the others are done.
  std::stable_sort(tasks_.begin(), tasks_.end(), [](const Task& a, const Task& b) { return a.size > b.size; });
}

std::span<double> Optimizer::figures_of(std::size_t parameter) {
  const std::size_t first = kept_[parameter].figures;
  const std::size_t end = parameter + 1 < kept_.size() ? kept_[parameter + 1].figures : figures_.size();
  return std::span<double>(figures_).subspan(first, end - first);
}

void Optimizer::step(double rate_factor, double gradient_scale) {
  if (evaluation_scopes_ > 0) {
    raise<StateError>("optimizer", "a step while the parameters hold the weights to evaluate with", {},
                      "end the EvaluationWeights scope first");
  }
  const std::vector<Tensor>& all = parameters_.parameters();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].has_grad()) continue;
    ++updates_[i];
    settings_[i].rule->advance(settings_[i].learning_rate * rate_factor, updates_[i], figures_of(i));
    if (settings_[i].rule->needs_whole()) settings_[i].rule->reserve(all[i].shape());
  }
  const Real* const gradients = parameters_.gradients().data();
  parallel_for(tasks_.size(), [&](std::size_t i) { run(tasks_[i], gradients, rate_factor, gradient_scale); });
  for (const Task& task : large_) run(task, gradients, rate_factor, gradient_scale);
  if (ema_) ema_->update(parameters_.values());
  parameters_.mark_changed();
}

void Optimizer::run(const Task& task, const Real* gradients, double rate_factor, double gradient_scale) {
  const Tensor& parameter = parameters_.parameters()[task.parameter];
  if (!parameter.has_grad()) return;
  const ParameterSettings& own = settings_[task.parameter];
  const Kept& kept = kept_[task.parameter];
  const std::size_t first = parameters_.segments()[task.parameter].offset + task.offset;
  std::array<Real*, Stretch::kMaximumSlots> slots{};
  for (std::size_t s = 0; s < kept.slots.size(); ++s) slots[s] = memory_.data() + kept.offsets[s] + task.offset;
  own.rule->update({.values = parameters_.values().data() + first,
                    .gradients = gradients + first,
                    .slots = slots,
                    .size = task.size,
                    .shape = parameter.shape(),
                    .figures = figures_of(task.parameter),
                    .learning_rate = own.learning_rate * rate_factor,
                    .weight_decay = own.weight_decay,
                    .l2 = own.l2,
                    .gradient_scale = gradient_scale,
                    .update = updates_[task.parameter]});
}

void Optimizer::swap_averages() {
  if (!has_evaluation_weights()) return;
  if (ema_) ema_->swap(parameters_.values());
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    const std::optional<std::size_t> slot = settings_[i].rule->evaluation_slot();
    if (!slot || updates_[i] == 0) continue;
    const auto [offset, size] = parameters_.segments()[i];
    Real* const values = parameters_.values().data() + offset;
    std::swap_ranges(values, values + size, memory_.data() + kept_[i].offsets[*slot]);
  }
  parameters_.mark_changed();
}

Optimizer::EvaluationWeights::EvaluationWeights(Optimizer& optimizer) : optimizer_(optimizer) {
  if (optimizer_.evaluation_scopes_++ == 0) optimizer_.swap_averages();
}

Optimizer::EvaluationWeights::~EvaluationWeights() {
  if (--optimizer_.evaluation_scopes_ == 0) optimizer_.swap_averages();
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
