#include "apps/training/evaluate.h"

#include <algorithm>
#include <cmath>

#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::uint64_t kExamplesPerBatch = 256;

/// The class with the largest logit; -1 when there is none but NaN.
std::int32_t predicted_class(const Real* logits, std::size_t classes) {
  std::int32_t best = -1;
  for (std::size_t c = 0; c < classes; ++c) {
    const bool better = best < 0 ? !std::isnan(logits[c]) : logits[c] > logits[best];
    if (better) best = static_cast<std::int32_t>(c);
  }
  return best;
}

}  // namespace

Accuracy count_correct(const Array& logits, const Tokens& targets) {
  if (logits.dimension() != 3 || targets.dimension() != 2 || logits.shape()[0] != targets.shape()[0] ||
      logits.shape()[1] != targets.shape()[1]) {
    raise<ShapeError>("count_correct", "logits must be (B, T, V) and targets (B, T)",
                      to_string(Shape(logits.shape())) + " and " + to_string(Shape(targets.shape())));
  }
  const std::size_t length = targets.shape()[1];
  const std::size_t classes = logits.shape()[2];
  Accuracy counted{.sequences = targets.shape()[0]};
  for (std::size_t row = 0; row < targets.shape()[0]; ++row) {
    std::uint64_t wanted = 0;
    std::uint64_t right = 0;
    for (std::size_t t = 0; t < length; ++t) {
      const std::size_t position = row * length + t;
      const std::int32_t target = targets.data()[position];
      if (target == kIgnoredTarget) continue;
      ++wanted;
      right += predicted_class(logits.data() + position * classes, classes) == target ? 1U : 0U;
    }
    counted.positions += wanted;
    counted.correct_positions += right;
    counted.correct_sequences += wanted == right ? 1U : 0U;
  }
  return counted;
}

Evaluation evaluate(Model& model, const Task& task, Split split, std::uint64_t examples, config::LossType type) {
  const NoGrad no_grad;
  Evaluation evaluation;
  Batch batch;
  for (std::uint64_t first = 0; first < examples; first += kExamplesPerBatch) {
    fill_batch(task, split, first, std::min(kExamplesPerBatch, examples - first), batch);
    const Tensor logits = run_model(model, batch, {});
    const Tensor loss = task_loss(logits, batch.targets, {.type = type, .attention = {}}, Reduction::sum);
    const Accuracy accuracy = count_correct(logits.value(), batch.targets);
    const Score score{.loss_sum = static_cast<double>(loss.item()), .accuracy = accuracy};
    for (Score* sum : {&evaluation.all, &evaluation.by_length[batch.inputs.shape()[1]]}) {
      sum->loss_sum += score.loss_sum;
      sum->accuracy += score.accuracy;
    }
  }
  return evaluation;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
