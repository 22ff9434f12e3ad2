#include "apps/bench/training_step.h"

#include <vector>

#include "autograd/ops/loss.h"
#include "core/random.h"
#include "optim/clip.h"

namespace headlight::bench {
namespace {

ModelOptions model_options(const Case& which) {
  ModelOptions options{.vocabulary = Case::kVocabulary,
                       .d_model = which.width,
                       .heads = which.heads,
                       .d_ff = which.feed_forward,
                       .layers = which.layers,
                       .max_len = which.time,
                       .norm = which.post_norm ? NormPlacement::post : NormPlacement::pre,
                       .positions = Positions::learned};
  return options;
}

std::vector<Tensor> tensors_of(const Module& module) {
  std::vector<Tensor> tensors;
  for (const NamedParameter& parameter : module.parameters()) tensors.push_back(parameter.tensor);
  return tensors;
}

Tokens random_tokens(const Case& which, std::string_view purpose) {
  Tokens tokens(Shape{which.batch, which.time});
  Random random({.seed = 1, .stream = stream_id(purpose)});
  for (std::int32_t& token : flat(tokens)) token = static_cast<std::int32_t>(random.uniform_below(Case::kVocabulary));
  return tokens;
}

}  // namespace

TrainingStep::TrainingStep(const Case& which)
    : init_(1),
      model_(model_options(which), init_),
      optimizer_(tensors_of(model_), {.common = {.learning_rate = 1e-3, .weight_decay = 0.01}}),
      inputs_(random_tokens(which, "bench inputs")),
      targets_(random_tokens(which, "bench targets")) {}

double TrainingStep::run() {
  const Tensor loss = cross_entropy(model_(inputs_, {.training = true, .mask = Mask::causal()}), targets_);
  optimizer_.parameters().zero_grad();
  loss.backward(Graph::release);
  const double norm = gradient_norm(optimizer_.parameters());
  optimizer_.step(1, clip_scale(norm, 1));
  return static_cast<double>(loss.item());
}

}  // namespace headlight::bench
