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
constexpr std::uint64_t kNumbersPerBatch = std::uint64_t{1} << 20U;
constexpr std::uint64_t kLeastWidth = 256;
constexpr std::uint64_t kHeads = 4;  // whose maps are looked at together

/// Examples of a batch: fewer of long ones with many classes, or large maps, so that memory does not grow with them.
std::uint64_t batch_of(const TaskShape& shape) {
  const std::uint64_t positions = std::max<std::uint64_t>({shape.length, shape.target_length, 1});
  const std::uint64_t width = std::max({std::uint64_t{shape.classes}, kHeads * positions, kLeastWidth});
  return std::clamp<std::uint64_t>(kNumbersPerBatch / (positions * width), 1, kExamplesPerBatch);
}
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

/// The squared error of each target of a member that counts, averaged over its numbers; with classes, over the one-hot
/// vector.
std::vector<double> squared_errors(const Array& answers, const Batch& batch, std::size_t row) {
  const std::size_t length = batch.targets.shape()[1];
  const std::size_t width = answers.shape()[2];
  std::vector<double> errors;
  for (std::size_t i = row * length; i < (row + 1) * length; ++i) {
    const std::int32_t target = batch.targets.data()[i];
    if (target == kIgnoredTarget) continue;
    double sum = 0;
    for (std::size_t v = 0; v < width; ++v) {
      const double hot = static_cast<std::size_t>(target) == v ? 1 : 0;
      const double wanted = batch.values.empty() ? hot : batch.values[i * width + v];
      const double error = static_cast<double>(answers.data()[i * width + v]) - wanted;
      sum += error * error;
    }
    errors.push_back(sum / static_cast<double>(width));
  }
  return errors;
}

/// Adds the errors of numbers, each to those with as many targets before it.
void add_positions(const Array& answers, const Batch& batch, std::map<std::uint64_t, Score>& by_position) {
  for (std::size_t row = 0; row < batch.size(); ++row) {
    std::uint64_t earlier = 0;
    for (const double error : squared_errors(answers, batch, row)) {
      by_position[earlier++] += {.loss_sum = error, .accuracy = {.positions = 1, .sequences = 1}};
    }
  }
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

std::vector<Score> score_examples(const Array& answers, const Batch& batch, config::LossType loss) {
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
    const std::vector<double> errors = squared_errors(answers, batch, row);
    for (const double error : errors) score.loss_sum += error;
    if (!batch.values.empty()) score.accuracy = {.positions = errors.size(), .sequences = 1};
  };
  parallel_ranges(batch.size(), kRowsPerChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) score_row(row);
  });
  return scores;
}

Evaluation evaluate(Model& model, const Task& task, const EvaluationPlan& plan) {
  const NoGrad no_grad;
  const TaskShape shape = task.shape();
  const std::uint64_t per_batch = batch_of(shape);
  Evaluation evaluation{.numbers = shape.values > 0};
  Batch batch;
  HiddenRows hidden;
  const auto measure = [&](std::optional<std::size_t> length) {
    for (std::uint64_t first = 0; first < plan.examples; first += per_batch) {
      fill_batch(task, plan.split, first, std::min(per_batch, plan.examples - first), batch, length);
      const Tensor answers = run_model(model, batch, {.recorder = &hidden});
      std::vector<Score> scores = score_examples(answers.value(), batch, plan.loss);
      if (evaluation.numbers && task.reports_positions()) {
        add_positions(answers.value(), batch, evaluation.by_position);
      }
      for (std::size_t row = 0; row < batch.size(); ++row) {
        const std::size_t size = batch.examples[row].size;
        scores[row].shared = plan.split == Split::eval && task.splits_share(size) ? 1 : 0;
        evaluation.all += scores[row];
        evaluation.by_length[size] += scores[row];
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
