#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "autograd/flat_parameters.h"
#include "optim/groups.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct OptimizerOptions {
  double learning_rate = 1e-3;
  double weight_decay = 0;  ///< decoupled: theta <- theta - rate * weight_decay * theta, before the update
  double l2 = 0;            ///< added to the gradient: g <- g + l2 * theta. Not together with weight_decay
  DecayScope decay = DecayScope::matrices;  ///< which parameters either decay touches
  std::vector<GroupOptions> groups = {};
};

/// What an optimiser remembers between steps, for a checkpoint.
struct OptimizerState {
  /// Moments and buffers by slot and the parameter's label: "m.head.weight". A parameter whose label is empty, begins
  /// with # or belongs to several stands under its place among the optimiser's parameters instead: "m.#3".
  std::vector<std::pair<std::string, Array>> arrays;
  /// How often each parameter has been updated.
  std::vector<std::uint64_t> updates;
};

/// Base of the optimisers: one fused pass over flat buffers. Parameters that received no gradient are left alone, with
/// their moments, as PyTorch does.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update with the gradients that are there. The rate of each group is multiplied by `rate_factor` (the
  /// schedule), gradients by `gradient_scale` (the clipping) as they are read.
  void step(double rate_factor = 1, double gradient_scale = 1);

  FlatParameters& parameters() { return parameters_; }

  OptimizerState state() const;
  /// Throws StateError naming every slot that is missing, unknown or of another shape; then nothing is changed.
  void load_state(const OptimizerState& state);

 protected:
  /// `slots` names the buffers of the parameters' size that the algorithm keeps, zero at first.
  Optimizer(std::vector<Tensor> parameters, const OptimizerOptions& options, std::vector<std::string> slots);

  static constexpr std::size_t kMaximumSlots = 4;

  /// A stretch of one parameter.
  struct Stretch {
    Real* values;
    const Real* gradients;
    std::array<Real*, kMaximumSlots> slots;  ///< in the order of the names; null behind the last
    std::size_t size;
    double learning_rate;
    double weight_decay;  ///< decoupled
    double l2;
    double gradient_scale;
    std::uint64_t update;  ///< this update's number for the parameter, from 1
  };
  virtual void update(const Stretch& stretch) const = 0;

 private:
  /// The parameters' names in a state, each another. Labels may change while the optimiser lives, so nothing is kept.
  std::vector<std::string> state_names() const;

  struct Task {
    std::size_t parameter, offset, size;
  };

  FlatParameters parameters_;
  std::vector<ParameterSettings> settings_;
  bool decoupled_;
  std::vector<std::string> slot_names_;
  std::vector<Array> slots_;
  std::vector<std::uint64_t> updates_;
  std::vector<Task> tasks_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
