#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "autograd/flat_parameters.h"
#include "optim/ema.h"
#include "optim/groups.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct OptimizerOptions {
  double learning_rate = 1e-3;
  double weight_decay = 0;  ///< decoupled: theta <- theta - rate * weight_decay * theta, before the update
  double l2 = 0;            ///< added to the gradient: g <- g + l2 * theta. Not together with weight_decay
  DecayScope decay = DecayScope::matrices;  ///< which parameters either decay touches
  std::vector<GroupOptions> groups = {};
  std::optional<double> ema = {};  ///< decay per update, in [0, 1), of an average of the weights to evaluate with
};

/// What an optimiser remembers between steps, for a checkpoint. With the weights it is all that a training needs to go
/// on.
struct OptimizerState {
  /// Moments, factors and averages by slot and the parameter's label: "m.head.weight". A parameter whose label is
  /// empty, begins with # or belongs to several stands under its place among the optimiser's parameters instead:
  /// "m.#3". Inside an EvaluationWeights scope the slot of the average is called "live" and holds the weights that are
  /// trained.
  std::vector<std::pair<std::string, Array>> arrays;
  /// How often each parameter has been updated, by the same names: "head.weight", "#3".
  std::vector<std::pair<std::string, std::uint64_t>> updates;
  /// Single numbers by name, finite and not negative: "weight_sum.head.weight"; "ema" counts the values in the average
  /// of the weights.
  std::vector<std::pair<std::string, double>> figures;
};

/// Parameters in flat buffers, each with the rule that updates it. One step is one fused pass over the buffers, and
/// after it the parameters that are updated whole. Parameters that received no gradient are left alone, with their
/// moments, as PyTorch does. The algorithms are the classes derived from this, which only say how to begin.
class Optimizer {
 public:
  /// `algorithm` for all parameters but those of groups that name another. `options` gives groups and ema; rate and
  /// decay are the algorithm's. Throws ConfigError as assign_groups() and Ema do, and when an average is asked for
  /// beside a rule that has its own; StateError for parameters that cannot be laid out.
  Optimizer(std::vector<Tensor> parameters, const Algorithm& algorithm, const OptimizerOptions& options = {});
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update with the gradients that are there. The rate of each group is multiplied by `rate_factor` (the
  /// schedule), gradients by `gradient_scale` (the clipping) as they are read. Throws StateError inside an
  /// EvaluationWeights scope.
  void step(double rate_factor = 1, double gradient_scale = 1);

  FlatParameters& parameters() { return parameters_; }

  OptimizerState state() const;
  /// Throws StateError naming everything that is missing, unknown, given twice or of another shape, numbers that are not
  /// finite and figures that cannot be; then nothing is changed.
  void load_state(const OptimizerState& state);

  /// While it lives, the parameters hold the weights to evaluate and to save: the average that the algorithm or
  /// `OptimizerOptions::ema` keeps. Afterwards those that are trained are back, byte for byte. Nothing happens where
  /// there is no average, and nothing more in a scope inside another.
  class EvaluationWeights {
   public:
    explicit EvaluationWeights(Optimizer& optimizer);
    ~EvaluationWeights();
    EvaluationWeights(const EvaluationWeights&) = delete;
    EvaluationWeights& operator=(const EvaluationWeights&) = delete;

   private:
    Optimizer& optimizer_;
  };

  /// Whether there is an average, so that EvaluationWeights makes a difference.
  bool has_evaluation_weights() const { return ema_ || averages_; }

 private:
  /// What is kept of a parameter.
  struct Kept {
    std::vector<Slot> slots;
    std::array<std::size_t, Stretch::kMaximumSlots> offsets;  ///< of the slots in memory_
    std::size_t figures;                                      ///< first of the parameter's in figures_
  };
  struct Task {
    std::size_t parameter, offset, size;
  };
  /// A named array of the state and where it lies.
  struct Piece {
    std::string name;
    const Shape& shape;
    bool average;  ///< in the Ema instead of memory_
    std::size_t offset;
  };

  void lay_out_slots();
  void plan_tasks();
  void run(const Task& task, const Real* gradients, double rate_factor, double gradient_scale);
  std::span<double> figures_of(std::size_t parameter);
  void swap_averages();

  /// The parameters' names in a state, each another. Labels may change while the optimiser lives, so nothing is kept.
  std::vector<std::string> state_names() const;
  std::vector<std::string> slot_names() const;
  std::vector<Piece> pieces() const;
  std::vector<std::string> figure_names() const;

  FlatParameters parameters_;
  std::vector<ParameterSettings> settings_;
  std::vector<Kept> kept_;
  Array memory_;  ///< all slots
  std::vector<double> figures_;
  std::vector<std::uint64_t> updates_;
  std::vector<Task> tasks_;  ///< run side by side
  std::vector<Task> large_;  ///< run one after the other, each on all threads
  std::optional<Ema> ema_;
  bool averages_ = false;  ///< a rule keeps the weights to evaluate with
  int evaluation_scopes_ = 0;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
