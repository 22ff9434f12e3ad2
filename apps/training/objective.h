#pragma once

#include <cstddef>
#include <string>

#include "apps/config/config.h"
#include "apps/tasks/batches.h"
#include "autograd/ops/loss.h"
#include "layers/models/model.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// What the model answers to a batch. The decoder of an encoder-decoder is given the targets one place later, behind a
/// begin mark, the last id of its vocabulary; positions without a target are begin marks too.
Tensor run_model(Model& model, const Batch& batch, const Context& context);

/// The id that begins a target: the last one of the decoder's vocabulary.
std::int32_t begin_mark(const Model& model);

/// The loss of logits (B, T, V) against targets (B, T) over the positions with a target: cross-entropy, or the squared
/// error against the targets' one-hot vectors, averaged over the V classes (Hui & Belkin 2020, arXiv:2006.07322).
Tensor task_loss(const Tensor& logits, const Tokens& targets, const config::LossConfig& loss,
                 Reduction reduction = Reduction::mean);

/// What training makes small: the task's loss and, where the config asks for it, the attention loss of one head.
class Objective {
 public:
  /// The model must be the one that the objective is asked about. Throws ConfigError when it has no such layer or head,
  /// or the task does not know what its heads should read.
  Objective(const config::LossConfig& loss, const Task& task, const Model& model);

  struct Value {
    Tensor logits;
    Tensor loss;
  };
  Value operator()(Model& model, const Batch& batch, const Context& context) const;

 private:
  config::LossConfig loss_;
  std::string path_{};  ///< of the supervised attention layer; "" without one
  Array target_{};      ///< (Tq, Tk)
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
