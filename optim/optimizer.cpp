#include "optim/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::size_t kElementsPerTask = 8192;

const OptimizerOptions& checked(const OptimizerOptions& options) {
  if (options.weight_decay != 0 && options.l2 != 0) {
    raise<ConfigError>("optimizer", "weight_decay and l2 are two kinds of the same thing; only one can be used",
                       fmt::format("weight_decay {}, l2 {}", options.weight_decay, options.l2),
                       "weight_decay is decoupled (AdamW), l2 is added to the gradient (Adam)");
  }
  return options;
}

}  // namespace

Optimizer::Optimizer(std::vector<Tensor> parameters, const OptimizerOptions& options, std::vector<std::string> slots)
    : parameters_(std::move(parameters)),
      settings_(assign_groups(parameters_.parameters(), checked(options).learning_rate,
                              options.l2 != 0 ? options.l2 : options.weight_decay, options.decay, options.groups)),
      decoupled_(options.l2 == 0),
      slot_names_(std::move(slots)),
      updates_(parameters_.parameters().size(), 0) {
  for (std::size_t i = 0; i < slot_names_.size(); ++i) slots_.push_back(zeros({parameters_.size()}));
  for (std::size_t i = 0; i < parameters_.segments().size(); ++i) {
    const auto [offset, size] = parameters_.segments()[i];
    for (std::size_t done = 0; done < size; done += kElementsPerTask) {
      tasks_.push_back({i, offset + done, std::min(kElementsPerTask, size - done)});
    }
  }
}

void Optimizer::step(double rate_factor, double gradient_scale) {
  const std::vector<Tensor>& all = parameters_.parameters();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].has_grad()) ++updates_[i];
  }
  Real* const values = parameters_.values().data();
  const Real* const gradients = parameters_.gradients().data();
  parallel_for(tasks_.size(), [&](std::size_t i) {
    const Task& task = tasks_[i];
    if (!all[task.parameter].has_grad()) return;
    const ParameterSettings& own = settings_[task.parameter];
    std::array<Real*, kMaximumSlots> slots{};
    for (std::size_t s = 0; s < slots_.size(); ++s) slots[s] = slots_[s].data() + task.offset;
    update({.values = values + task.offset,
            .gradients = gradients + task.offset,
            .slots = slots,
            .size = task.size,
            .learning_rate = own.learning_rate * rate_factor,
            .weight_decay = decoupled_ ? own.weight_decay : 0,
            .l2 = decoupled_ ? 0 : own.weight_decay,
            .gradient_scale = gradient_scale,
            .update = updates_[task.parameter]});
  });
  parameters_.mark_changed();
}

std::vector<std::string> Optimizer::state_names() const {
  const std::vector<Tensor>& all = parameters_.parameters();
  std::map<std::string, std::size_t> uses;
  for (const Tensor& parameter : all) ++uses[parameter.label()];
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string& label = all[i].label();
    const bool usable = !label.empty() && label.front() != '#' && uses[label] == 1;
    names.push_back(usable ? label : fmt::format("#{}", i));
  }
  return names;
}

OptimizerState Optimizer::state() const {
  const std::vector<std::string> names = state_names();
  OptimizerState state;
  state.updates = updates_;
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    for (std::size_t i = 0; i < updates_.size(); ++i) {
      const Tensor& parameter = parameters_.parameters()[i];
      Array part = uninitialized(parameter.shape());
      const Real* const from = slots_[s].data() + parameters_.segments()[i].offset;
      std::copy(from, from + part.size(), part.data());
      state.arrays.emplace_back(slot_names_[s] + "." + names[i], std::move(part));
    }
  }
  return state;
}

void Optimizer::load_state(const OptimizerState& state) {
  std::map<std::string, const Array*> given;
  for (const auto& [name, array] : state.arrays) given[name] = &array;
  std::string problems;
  const auto complain = [&problems](const std::string& what) { problems += (problems.empty() ? "" : ", ") + what; };
  if (state.updates.size() != updates_.size()) {
    complain(fmt::format("{} update counts for {} parameters", state.updates.size(), updates_.size()));
  }
  struct Copy {
    const Array* from;
    Real* to;
  };
  const std::vector<std::string> names = state_names();
  std::vector<Copy> copies;
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    for (std::size_t i = 0; i < updates_.size(); ++i) {
      const Tensor& parameter = parameters_.parameters()[i];
      const std::string name = slot_names_[s] + "." + names[i];
      const auto found = given.find(name);
      if (found == given.end()) {
        complain("`" + name + "` is missing");
        continue;
      }
      if (found->second->shape() != parameter.shape()) {
        complain("`" + name + "` has shape " + to_string(found->second->shape()) + " for " +
                 to_string(parameter.shape()));
      }
      copies.push_back({found->second, slots_[s].data() + parameters_.segments()[i].offset});
      given.erase(found);
    }
  }
  for (const auto& [name, array] : given) complain("`" + name + "` is unknown");
  if (!problems.empty()) {
    raise<StateError>("optimizer state", "it does not belong to this optimiser and model", problems,
                      "resume with the optimiser and the model that wrote it");
  }
  for (const Copy& copy : copies) std::copy(copy.from->data(), copy.from->data() + copy.from->size(), copy.to);
  updates_ = state.updates;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
