#include "apps/training/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/layout.h"
#include "autograd/ops/reduce.h"
#include "core/error.h"
#include "core/shape.h"
#include "layers/attention_loss.h"
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

void collect(const Module& module, bool cross, std::vector<const MultiHeadAttention*>& found) {
  const auto* const attention = dynamic_cast<const MultiHeadAttention*>(&module);
  if (attention != nullptr && attention->options().cross == cross) found.push_back(attention);
  for (const auto& child : module.children()) collect(*child.module, cross, found);
}

/// The attention layers of a block, in their order.
std::vector<const MultiHeadAttention*> layers_of(const Model& model, config::AttentionBlock block) {
  std::vector<const MultiHeadAttention*> found;
  collect(model, block == config::AttentionBlock::kDecoderCross, found);
  if (model.arch() != Architecture::encoder_decoder) return found;
  const char* const stack = block == config::AttentionBlock::kEncoderSelf ? "encoder." : "decoder.";
  std::erase_if(found, [&](const MultiHeadAttention* layer) { return !layer->path().starts_with(stack); });
  return found;
}

std::optional<std::size_t> right_key(config::AttentionGoal goal, const Task& task, std::size_t query) {
  switch (goal) {
    case config::AttentionGoal::kTask:
      return task.expected_key(query, task.length());
    case config::AttentionGoal::kPrevious:
      return query == 0 ? std::nullopt : std::optional(query - 1);
    case config::AttentionGoal::kSame:
      break;
  }
  return query;
}

/// Per position: (1, or 0 where there is no target).
Array counting(const Tokens& targets) {
  Array counts = zeros({targets.size(), 1});
  for (std::size_t i = 0; i < targets.size(); ++i) counts.data()[i] = targets.data()[i] == kIgnoredTarget ? 0 : 1;
  return counts;
}

Tensor squared_error(const Tensor& logits, const Tokens& targets, Reduction reduction) {
  const std::size_t classes = logits.extent(-1);
  const Tensor flat_logits = reshape(logits, {targets.size(), classes});
  Array wanted = zeros({targets.size(), classes});
  double counted = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::int32_t target = targets.data()[i];
    if (target == kIgnoredTarget) continue;
    wanted.data()[i * classes + static_cast<std::size_t>(target)] = 1;
    ++counted;
  }
  const Tensor difference = (flat_logits - Tensor(wanted)) * Tensor(counting(targets));
  const double share = reduction == Reduction::sum ? 1 : std::max(1.0, counted);
  return sum(difference * difference) * static_cast<Real>(1 / (share * static_cast<double>(classes)));
}

}  // namespace

std::int32_t begin_mark(const Model& model) { return static_cast<std::int32_t>(model.target_vocabulary()) - 1; }

Tensor run_model(Model& model, const Batch& batch, const Context& context) {
  if (model.arch() != Architecture::encoder_decoder) return model(batch.inputs, context);
  Tokens begun = batch.targets;
  const std::size_t time = begun.shape()[1];
  for (std::size_t row = 0; row < begun.shape()[0]; ++row) {
    std::int32_t* const first = begun.data() + row * time;
    std::copy_backward(first, first + time - 1, first + time);
    first[0] = begin_mark(model);
    std::replace(first, first + time, kIgnoredTarget, begin_mark(model));
  }
  return model(batch.inputs, begun, context);
}

Tensor task_loss(const Tensor& logits, const Tokens& targets, const config::LossConfig& loss, Reduction reduction) {
  if (loss.type == config::LossType::kMse) return squared_error(logits, targets, reduction);
  return cross_entropy(logits, targets,
                       {.label_smoothing = loss.label_smoothing,
                        .ignore_index = kIgnoredTarget,
                        .reduction = reduction});
}

Objective::Objective(const config::LossConfig& loss, const Task& task, const Model& model) : loss_(loss) {
  const config::AttentionLossConfig& supervised = loss.attention;
  if (!supervised.weight) return;
  const std::vector<const MultiHeadAttention*> layers = layers_of(model, supervised.block);
  if (supervised.layer >= layers.size()) {
    raise<ConfigError>("loss.attention", fmt::format("there is no layer {} to supervise", supervised.layer),
                       fmt::format("the model has {} of this block", layers.size()), "layers count from 0");
  }
  const MultiHeadAttention& layer = *layers[supervised.layer];
  if (supervised.head >= layer.heads()) {
    raise<ConfigError>("loss.attention", fmt::format("there is no head {} to supervise", supervised.head),
                       fmt::format("`{}` has {}", layer.path(), layer.heads()), "heads count from 0");
  }
  path_ = layer.path();
  const std::size_t length = task.length();
  target_ = zeros({length, length});
  bool any = false;
  for (std::size_t query = 0; query < length; ++query) {
    const std::optional<std::size_t> key = right_key(supervised.target, task, query);
    if (!key) continue;
    target_.data()[query * length + *key] = 1;
    any = true;
  }
  if (!any) {
    raise<ConfigError>("loss.attention", "the task does not say which keys are right", {},
                       "take another `loss.attention.target`");
  }
}

Objective::Value Objective::operator()(Model& model, const Batch& batch, const Context& context) const {
  if (path_.empty()) {
    const Tensor logits = run_model(model, batch, context);
    return {logits, task_loss(logits, batch.targets, loss_)};
  }
  Tap tap(path_, context.recorder);
  Context watched = context;
  watched.recorder = &tap;
  const Tensor logits = run_model(model, batch, watched);
  const Tensor supervision = attention_loss(tap.weights(), loss_.attention.head, target_);
  return {logits, task_loss(logits, batch.targets, loss_) + supervision * static_cast<Real>(*loss_.attention.weight)};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
