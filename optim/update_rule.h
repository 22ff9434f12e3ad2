#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// What a rule keeps of one parameter from update to update; zeros at first.
struct Slot {
  std::string name;
  Shape shape;
};

/// A stretch of one parameter and what is kept of it: all that a rule sees.
struct Stretch {
  static constexpr std::size_t kMaximumSlots = 4;

  Real* values;
  const Real* gradients;
  std::array<Real*, kMaximumSlots> slots;  ///< in the order of UpdateRule::slots(); null behind the last
  std::size_t size;
  const Shape& shape;               ///< of the whole parameter
  std::span<const double> figures;  ///< of the parameter, in the order of UpdateRule::figures()
  double learning_rate;             ///< of this update, the schedule included
  double weight_decay;              ///< decoupled
  double l2;
  double gradient_scale;
  std::uint64_t update;  ///< this update's number for the parameter, from 1
};

/// One algorithm: how gradients change values. It holds settings alone; what it remembers lies in the slots and figures
/// that an Optimizer keeps for each parameter.
class UpdateRule {
 public:
  UpdateRule() = default;
  virtual ~UpdateRule() = default;
  UpdateRule(const UpdateRule&) = delete;
  UpdateRule& operator=(const UpdateRule&) = delete;

  /// The slots of a parameter of that shape, at most Stretch::kMaximumSlots. Unless needs_whole(), each has the
  /// parameter's shape.
  virtual std::vector<Slot> slots(const Shape& shape) const = 0;

  /// Changes the values of a stretch. Called from the threads of a loop; stretches are cut where their parameter alone
  /// decides, so that results do not depend on the number of threads.
  virtual void update(const Stretch& stretch) const = 0;

  /// Whether the stretch must be a whole parameter: rules that look at more than one element at a time.
  virtual bool needs_whole() const { return false; }

  /// For rules that need whole parameters: asks the pool beforehand for what update() will take from it, so that it
  /// does not depend on which parameters are updated at the same time.
  virtual void reserve(const Shape& /*shape*/) const {}

  /// Whether the rule is meant for this parameter; another rule takes what this one does not.
  virtual bool takes(const Tensor& /*parameter*/) const { return true; }

  /// Numbers kept of each parameter beside the slots, zero at first, and what one update makes of them. Called once for
  /// an update, before the first stretch.
  virtual std::vector<std::string> figures() const { return {}; }
  virtual void advance(double /*learning_rate*/, std::uint64_t /*update*/, std::span<double> /*figures*/) const {}

  /// The slot that holds the weights to evaluate with, when they are not those that are trained.
  virtual std::optional<std::size_t> evaluation_slot() const { return std::nullopt; }
};

/// Which parameters the weight decay of an optimiser touches.
enum class DecayScope {
  matrices,  ///< parameters with two or more axes: not biases, not norms (Loshchilov & Hutter leave this open)
  all,
};

/// A rule and the settings of the parameters that it takes.
struct Algorithm {
  std::shared_ptr<const UpdateRule> rule;
  double learning_rate = 1e-3;
  double weight_decay = 0;  ///< decoupled: theta <- theta - rate * weight_decay * theta, before the update
  double l2 = 0;            ///< added to the gradient: g <- g + l2 * theta. Not together with weight_decay
  DecayScope decay = DecayScope::matrices;
  std::shared_ptr<const Algorithm> rest = nullptr;  ///< for the parameters that the rule does not take
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
