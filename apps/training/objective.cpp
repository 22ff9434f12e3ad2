#include "apps/training/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "apps/training/attention_layers.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/layout.h"
#include "autograd/ops/reduce.h"
#include "core/error.h"
#include "core/mask.h"
#include "core/shape.h"
#include "layers/attention_loss.h"
#include "layers/layer_error.h"
#include "layers/multi_head_attention.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Keeps the weights of one layer, and passes everything on.
class Tap : public AttentionRecorder {
 public:
  Tap(const std::string& path, AttentionRecorder* next) : path_(path), next_(next) {}
  void record(const std::string& path, const Tensor& weights, std::size_t hidden_rows) override {
    if (path == path_) weights_ = weights;
    if (next_ != nullptr) next_->record(path, weights, hidden_rows);
  }
  void record_sink(const std::string& path, const Tensor& sink_weights) override {
    if (next_ != nullptr) next_->record_sink(path, sink_weights);
  }
  const Tensor& weights() const { return weights_; }

 private:
  const std::string& path_;
  AttentionRecorder* next_;
  Tensor weights_{};
};

/// The attention layers of a block, in their order.
std::vector<const MultiHeadAttention*> layers_of(const Model& model, const std::string& block) {
  std::vector<const MultiHeadAttention*> found = attention_layers(model);
  std::erase_if(found, [&](const MultiHeadAttention* layer) { return block_of(model, layer->path()) != block; });
  return found;
}

/// The squared error of answers against numbers, or against one-hot vectors of classes, over the targets that count.
Tensor squared_error(const Tensor& answers, const Batch& batch, Reduction reduction) {
  const std::size_t width = answers.extent(-1);
  const std::size_t targets = batch.targets.size();
  Array wanted = zeros({targets, width});
  Array counting = zeros({targets, 1});
  double counted = 0;
  for (std::size_t i = 0; i < targets; ++i) {
    const std::int32_t target = batch.targets.data()[i];
    if (target == kIgnoredTarget) continue;
    counting.data()[i] = 1;
    ++counted;
    if (batch.values.empty()) {
      wanted.data()[i * width + static_cast<std::size_t>(target)] = 1;
    } else {
      for (std::size_t v = 0; v < width; ++v) {
        wanted.data()[i * width + v] = static_cast<Real>(batch.values[i * width + v]);
      }
    }
  }
  const Tensor difference = (reshape(answers, {targets, width}) - Tensor(wanted)) * Tensor(counting);
  const double share = reduction == Reduction::sum ? 1 : std::max(1.0, counted);
  return sum(difference * difference) * static_cast<Real>(1 / (share * static_cast<double>(width)));
}

[[noreturn]] void refuse(const char* key, std::string what, std::string help) {
  throw LayerError({{.path = fmt::format("loss.{}", key), .what = std::move(what), .help = std::move(help)}});
}

Tensor as_vectors(const Batch& batch) {
  Array vectors = uninitialized({batch.size(), batch.vectors.size() / (batch.size() * batch.features), batch.features});
  std::transform(batch.vectors.begin(), batch.vectors.end(), vectors.data(),
                 [](double value) { return static_cast<Real>(value); });
  return Tensor(vectors);
}

/// Hides what is behind the end of the members; nothing where all are as long.
Mask padding_of(const std::vector<std::size_t>& lengths) {
  const bool even = std::adjacent_find(lengths.begin(), lengths.end(), std::not_equal_to<>()) == lengths.end();
  return even ? Mask() : Mask::padding(lengths);
}

/// Whether the queries and the keys of a block are positions of what the decoder of an encoder-decoder reads.
struct OfTarget {
  bool queries;
  bool keys;
};

OfTarget of_target(config::AttentionBlock block, const Batch& batch) {
  const bool two = batch.begun.size() != 0;
  return {.queries = two && block != config::AttentionBlock::kEncoderSelf,
          .keys = two && block == config::AttentionBlock::kDecoderSelf};
}

std::size_t counted_targets(const Batch& batch) {
  const std::int32_t* const targets = batch.targets.data();
  return static_cast<std::size_t>(std::count_if(targets, targets + batch.targets.size(),
                                                [](std::int32_t target) { return target != kIgnoredTarget; }));
}

/// Of nothing too, which has no loss.
double share_of(std::size_t part, std::size_t whole) {
  return part == whole ? 1 : static_cast<double>(part) / static_cast<double>(whole);
}

/// A share of 1, as of all updates without micro-batches, costs no operation.
Tensor scaled(const Tensor& loss, double share) { return share == 1 ? loss : loss * static_cast<Real>(share); }

}  // namespace

ModelInput model_input(const Batch& batch) {
  return batch.features == 0 ? ModelInput(batch.inputs) : ModelInput(as_vectors(batch));
}

Tensor run_model(Model& model, const Batch& batch, const Context& context) {
  Context padded = context;
  const Mask input_padding = padding_of(batch.lengths);
  const ModelInput input = model_input(batch);
  if (model.arch() == Architecture::encoder_decoder) {
    padded.memory_mask = padded.memory_mask & input_padding;
    padded.mask = padded.mask & padding_of(batch.target_lengths());
    return model(input, batch.begun, padded);
  }
  padded.mask = padded.mask & input_padding;
  Tensor answers = model(input, padded);
  // One answer per member: (B, V), of a pointer (B, T).
  if (answers.rank() == 2) return reshape(answers, {answers.extent(0), 1, answers.extent(1)});
  return answers;
}

Tensor task_loss(const Tensor& answers, const Batch& batch, const config::LossConfig& loss, Reduction reduction) {
  if (loss.type == config::LossType::kMse) return squared_error(answers, batch, reduction);
  return cross_entropy(answers, batch.targets,
                       {.label_smoothing = loss.label_smoothing,
                        .ignore_index = kIgnoredTarget,
                        .reduction = reduction});
}

Objective::Objective(const config::LossConfig& loss, const Task& task, const Model& model) : loss_(loss), task_(task) {
  if (task.shape().predict == Prediction::pointer && loss.label_smoothing > 0) {
    refuse("label_smoothing", "a pointer's classes are positions, and smoothing would reward those behind the end",
           "set it to 0");
  }
  const config::AttentionLossConfig& supervised = loss.attention;
  if (!supervised.weight) return;
  const std::string block = name_of(supervised.block);
  const std::vector<const MultiHeadAttention*> layers = layers_of(model, block);
  if (supervised.layer >= layers.size()) {
    refuse("attention.layer", fmt::format("there is no layer {} to supervise", supervised.layer),
           fmt::format("the model has {} of this block; layers count from 0", layers.size()));
  }
  const MultiHeadAttention& layer = *layers[supervised.layer];
  if (supervised.head >= layer.heads()) {
    refuse("attention.head", fmt::format("there is no head {} to supervise", supervised.head),
           fmt::format("`{}` has {}; heads count from 0", layer.path(), layer.heads()));
  }
  path_ = layer.path();
  visible_ = visible_keys(model, layer);
  if (supervised.target != config::AttentionGoal::kTask) return;
  const std::vector<AttentionPattern> patterns = task.patterns();
  const auto found = std::find_if(patterns.begin(), patterns.end(),
                                  [&](const AttentionPattern& pattern) { return pattern.block == block; });
  if (found == patterns.end()) {
    refuse("attention.target", fmt::format("the task does not say which keys are right in {}", block),
           "take another `loss.attention.target` or block");
  }
  pattern_ = static_cast<std::size_t>(found - patterns.begin());
}

Array Objective::right_weights(const Batch& batch, const Shape& weights) const {
  const std::size_t queries = weights[2];
  const std::size_t keys = weights[3];
  Array right = zeros({batch.size(), queries, keys});
  const OfTarget target = of_target(loss_.attention.block, batch);
  const std::vector<std::size_t> real = target.queries ? batch.target_lengths() : batch.lengths;
  const MaskRows visible(visible_ & padding_of(target.keys ? real : batch.lengths), {batch.size(), 1, queries, keys});
  std::vector<std::size_t> found;
  for (std::size_t row = 0; row < batch.size(); ++row) {
    for (std::size_t query = 0; query < std::min(queries, real[row]); ++query) {
      found.clear();
      switch (loss_.attention.target) {
        case config::AttentionGoal::kTask:
          task_.right_keys(pattern_, batch.examples[row], query, found);
          break;
        case config::AttentionGoal::kPrevious:
          if (query > 0) found.push_back(query - 1);
          break;
        case config::AttentionGoal::kSame:
          found.push_back(query);
          break;
      }
      // A hidden key can win no weight: it would only add a constant to the loss.
      const kernels::VisibleKeys seen = visible.row(row, 0, query);
      for (const std::size_t key : found) {
        if (key >= seen.begin && key < seen.end) right.data()[(row * queries + query) * keys + key] = 1;
      }
    }
  }
  return right;
}

std::size_t Objective::supervised_queries(const Batch& batch) const {
  if (path_.empty()) return 0;
  const OfTarget target = of_target(loss_.attention.block, batch);
  const std::size_t inputs = *std::max_element(batch.lengths.begin(), batch.lengths.end());
  const std::size_t targets = batch.targets.shape()[1];
  const std::size_t keys = target.keys ? targets : inputs;
  const Array right = right_weights(batch, {batch.size(), 1, target.queries ? targets : inputs, keys});
  std::size_t count = 0;
  for (const Real* row = right.data(); row != right.data() + right.size(); row += keys) {
    count += std::any_of(row, row + keys, [](Real weight) { return weight > 0; }) ? 1U : 0U;
  }
  return count;
}

std::vector<LossShares> Objective::shares_of(std::span<const Batch> parts) const {
  std::vector<LossShares> shares(parts.size());
  if (parts.size() == 1) return shares;
  std::vector<std::size_t> targets, queries;
  for (const Batch& part : parts) {
    targets.push_back(counted_targets(part));
    queries.push_back(supervised_queries(part));
  }
  const std::size_t all_targets = std::accumulate(targets.begin(), targets.end(), std::size_t{0});
  const std::size_t all_queries = std::accumulate(queries.begin(), queries.end(), std::size_t{0});
  for (std::size_t i = 0; i < parts.size(); ++i) {
    shares[i] = {.task = share_of(targets[i], all_targets), .supervision = share_of(queries[i], all_queries)};
  }
  return shares;
}

Objective::Value Objective::operator()(Model& model, const Batch& batch, const Context& context,
                                       const LossShares& shares) const {
  if (path_.empty()) {
    const Tensor answers = run_model(model, batch, context);
    return {answers, scaled(task_loss(answers, batch, loss_), shares.task)};
  }
  Tap tap(path_, context.recorder);
  Context watched = context;
  watched.recorder = &tap;
  const Tensor answers = run_model(model, batch, watched);
  const Array right = right_weights(batch, tap.weights().shape());
  const Tensor supervision = attention_loss(tap.weights(), loss_.attention.head, right);
  return {answers, scaled(task_loss(answers, batch, loss_), shares.task) +
                       supervision * static_cast<Real>(*loss_.attention.weight * shares.supervision)};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
