#include "apps/training/evaluate.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "apps/training/hidden_rows.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "core/kernels/cross_entropy.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::uint64_t kExamplesPerBatch = 256;
constexpr std::size_t kRowsPerChunk = 16;

/// The class with the largest logit; -1 when there is none but NaN.
std::int32_t predicted_class(const Real* logits, std::size_t classes) {
  std::int32_t best = -1;
  for (std::size_t c = 0; c < classes; ++c) {
    const bool better = best < 0 ? !std::isnan(logits[c]) : logits[c] > logits[best];
    if (better) best = static_cast<std::int32_t>(c);
  }
  return best;
}

Accuracy count_row(const Array& logits, const Tokens& targets, std::size_t row) {
  const std::size_t length = targets.shape()[1];
  const std::size_t classes = logits.shape()[2];
  Accuracy counted{.sequences = 1};
  for (std::size_t i = row * length; i < (row + 1) * length; ++i) {
    const std::int32_t target = targets.data()[i];
    if (target == kIgnoredTarget) continue;
    ++counted.positions;
    counted.correct_positions += predicted_class(logits.data() + i * classes, classes) == target ? 1U : 0U;
  }
  counted.correct_sequences = counted.positions == counted.correct_positions ? 1U : 0U;
  return counted;
}

/// Loss and accuracy of each member of a batch.
std::vector<Score> score_rows(const Array& answers, const Batch& batch, config::LossType loss) {
  const std::size_t length = batch.targets.shape()[1];
  const std::size_t width = answers.shape()[2];
  std::vector<Score> scores(batch.size());
  const auto score_row = [&](std::size_t row) {
    const std::size_t first = row * length;
    const std::int32_t* const targets = batch.targets.data() + first;
    const Real* const values = answers.data() + first * width;
    Score& score = scores[row];
    if (batch.values.empty()) score.accuracy = count_row(answers, batch.targets, row);
    if (loss == config::LossType::kCrossEntropy) {
      score.loss_sum = kernels::cross_entropy_rows(values, targets, nullptr, nullptr, nullptr, length, width,
                                                   {.ignore_index = kIgnoredTarget})
                           .loss;
      return;
    }
    if (!batch.values.empty()) score.accuracy.sequences = 1;
    for (std::size_t t = 0; t < length; ++t) {
      if (targets[t] == kIgnoredTarget) continue;
      double sum = 0;
      for (std::size_t v = 0; v < width; ++v) {
        const double hot = static_cast<std::size_t>(targets[t]) == v ? 1 : 0;
        const double wanted = batch.values.empty() ? hot : batch.values[(first + t) * width + v];
        const double error = static_cast<double>(values[t * width + v]) - wanted;
        sum += error * error;
      }
      score.loss_sum += sum / static_cast<double>(width);
      if (!batch.values.empty()) ++score.accuracy.positions;
    }
  };
  parallel_ranges(batch.size(), kRowsPerChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) score_row(row);
  });
  return scores;
}

}  // namespace

Accuracy count_correct(const Array& logits, const Tokens& targets) {
  if (logits.dimension() != 3 || targets.dimension() != 2 || logits.shape()[0] != targets.shape()[0] ||
      logits.shape()[1] != targets.shape()[1]) {
    raise<ShapeError>("count_correct", "logits must be (B, T, V) and targets (B, T)",
                      to_string(Shape(logits.shape())) + " and " + to_string(Shape(targets.shape())));
  }
  Accuracy counted;
  for (std::size_t row = 0; row < targets.shape()[0]; ++row) counted += count_row(logits, targets, row);
  return counted;
}

Evaluation evaluate(Model& model, const Task& task, const EvaluationPlan& plan) {
  const NoGrad no_grad;
  const TaskShape shape = task.shape();
  Evaluation evaluation{.numbers = shape.values > 0};
  Batch batch;
  HiddenRows hidden;
  const auto measure = [&](std::optional<std::size_t> length) {
    for (std::uint64_t first = 0; first < plan.examples; first += kExamplesPerBatch) {
      fill_batch(task, plan.split, first, std::min(kExamplesPerBatch, plan.examples - first), batch, length);
      const Tensor answers = run_model(model, batch, {.recorder = &hidden});
      const std::vector<Score> scores = score_rows(answers.value(), batch, plan.loss);
      for (std::size_t row = 0; row < batch.size(); ++row) {
        evaluation.all += scores[row];
        evaluation.by_length[batch.examples[row].size] += scores[row];
      }
    }
  };
  if (plan.lengths.empty()) measure(std::nullopt);
  for (const std::size_t length : plan.lengths) measure(length);
  evaluation.hidden_rows = hidden.count();
  return evaluation;
}

std::map<std::uint64_t, Score> scores_by_length(Model& model, const Task& task, const config::Config& config,
                                                const Evaluation& evaluation) {
  const config::EvalConfig& wanted = config.task.eval;
  if (wanted.lengths.empty()) return evaluation.by_length;
  const std::uint64_t each = std::max<std::uint64_t>(wanted.examples / wanted.lengths.size(), 1);
  return evaluate(model, task, {.examples = each, .lengths = wanted.lengths, .loss = config.loss.type}).by_length;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
