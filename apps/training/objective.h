#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "apps/config/config.h"
#include "apps/tasks/batches.h"
#include "autograd/ops/loss.h"
#include "layers/models/model.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// What the model reads of a batch: its ids, or its vectors.
ModelInput model_input(const Batch& batch);

/// What the model answers to a batch: logits or numbers, one row per target, (B, Tt, V). Padding is hidden. A pointer's V
/// are the positions of the input.
Tensor run_model(Model& model, const Batch& batch, const Context& context);

/// The loss of answers (B, Tt, V) over the targets that count: cross-entropy, or the squared error, averaged over the V
/// numbers. With classes the error is that against the targets' one-hot vectors (Hui & Belkin 2020, arXiv:2006.07322).
Tensor task_loss(const Tensor& answers, const Batch& batch, const config::LossConfig& loss,
                 Reduction reduction = Reduction::mean);

/// Factors of the task's loss and of the attention loss.
struct LossShares {
  double task = 1;
  double supervision = 1;
};

/// What training makes small: the task's loss and, where the config asks for it, the attention loss of one head.
class Objective {
 public:
  /// The model must be the one that the objective is asked about. Throws LayerError, with the key of the config, when
  /// it has no such layer or head, or the task does not know what its heads should read. `task` must outlive this.
  Objective(const config::LossConfig& loss, const Task& task, const Model& model);

  struct Value {
    Tensor answers;
    Tensor loss;
  };
  Value operator()(Model& model, const Batch& batch, const Context& context, const LossShares& shares = {}) const;

  /// For each part of a batch, the shares with which the losses of the parts add up to that of the whole batch: both losses
  /// are means, the one over the targets that count, the other over the queries that have a right key.
  std::vector<LossShares> shares_of(std::span<const Batch> parts) const;

 private:
  /// 1 at the keys that are right and visible, (B, Tq, Tk).
  Array right_weights(const Batch& batch, const Shape& weights) const;
  /// Queries with such a key.
  std::size_t supervised_queries(const Batch& batch) const;

  config::LossConfig loss_;
  const Task& task_;
  std::string path_{};       ///< of the supervised attention layer; "" without one
  std::size_t pattern_ = 0;  ///< of the task
  Mask visible_{};           ///< what the supervised layer hides besides padding
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
