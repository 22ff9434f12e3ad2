#include "apps/training/build.h"

#include <utility>
#include <vector>

#include "apps/training/build_algorithm.h"
#include "apps/training/weights.h"
#include "core/error.h"
#include "optim/muon.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

Activation activation_of(config::Activation activation) {
  switch (activation) {
    case config::Activation::kRelu:
      return Activation::relu;
    case config::Activation::kGelu:
      return Activation::gelu;
    case config::Activation::kGeluTanh:
      return Activation::gelu_tanh;
    case config::Activation::kSilu:
      return Activation::silu;
    case config::Activation::kTanh:
      return Activation::tanh;
  }
  raise<StateError>("model", "an activation of the config has no counterpart in layers");
}

Positions positions_of(config::Positions positions) {
  switch (positions) {
    case config::Positions::kSinusoidal:
      return Positions::sinusoidal;
    case config::Positions::kLearned:
      return Positions::learned;
    case config::Positions::kNone:
      return Positions::none;
  }
  raise<StateError>("model", "a kind of positions of the config has no counterpart in layers");
}

InitScheme scheme_of(config::InitScheme scheme) {
  switch (scheme) {
    case config::InitScheme::kNormal:
      return InitScheme::normal;
    case config::InitScheme::kXavierUniform:
      return InitScheme::xavier_uniform;
    case config::InitScheme::kTorch:
      return InitScheme::torch;
    case config::InitScheme::kKeras:
      return InitScheme::keras;
    case config::InitScheme::kScaledNormal:
      return InitScheme::scaled_normal;
  }
  raise<StateError>("model", "an init scheme of the config has no counterpart in layers");
}

InitOptions init_options(const config::ModelConfig& model) {
  InitOptions options{.scheme = scheme_of(model.init.scheme)};
  if (options.scheme == InitScheme::normal) options.std = model.init.std;
  if (model.init.residual_scale) options.residual_writes = 2 * model.layers;
  return options;
}

ScheduleKind kind_of(config::ScheduleType type) {
  switch (type) {
    case config::ScheduleType::kConstant:
      return ScheduleKind::constant;
    case config::ScheduleType::kLinear:
      return ScheduleKind::linear;
    case config::ScheduleType::kCosine:
      return ScheduleKind::cosine;
    case config::ScheduleType::kCosineTimesWarmup:
      return ScheduleKind::cosine_times_warmup;
    case config::ScheduleType::kCosinePerEpoch:
      return ScheduleKind::cosine_per_epoch;
    case config::ScheduleType::kNoam:
      return ScheduleKind::noam;
    case config::ScheduleType::kInverseSqrt:
      return ScheduleKind::inverse_sqrt;
    case config::ScheduleType::kStep:
      return ScheduleKind::step;
    case config::ScheduleType::kWsd:
      return ScheduleKind::wsd;
  }
  raise<StateError>("schedule", "a schedule of the config has no counterpart in optim");
}

}  // namespace

EncoderOptions encoder_options(const config::ModelConfig& model, const Task& task) {
  return {
      .vocabulary = task.vocabulary(),
      .classes = task.classes(),
      .d_model = model.d_model,
      .heads = model.heads,
      .head_size = model.head_dim,
      .d_ff = model.d_ff,
      .layers = model.layers,
      .max_len = model.max_len,
      .norm = model.norm == config::Norm::kPre ? NormPlacement::pre : NormPlacement::post,
      .final_norm = model.final_norm,
      .norm_eps = model.norm_eps,
      .norm_bias = model.norm_bias,
      .activation = activation_of(model.activation),
      .positions = positions_of(model.positions),
      .head = model.head == config::Head::kMlp ? HeadKind::mlp : HeadKind::linear,
      .scale_embeddings = model.scale_embeddings,
      .dropout = {.embedding = model.dropout.embedding,
                  .input = model.dropout.input,
                  .attention = model.dropout.attention,
                  .residual = model.dropout.residual,
                  .feed_forward = model.dropout.ff},
      .bias = {.embedding = model.bias.embedding,
               .attention = model.bias.attention,
               .feed_forward = model.bias.ff,
               .head = model.bias.head},
  };
}

std::unique_ptr<Encoder> build_empty_model(const config::Config& config, const Task& task) {
  Init init(config.seed, init_options(config.model));
  return std::make_unique<Encoder>(encoder_options(config.model, task), init);
}

std::unique_ptr<Encoder> build_model(const config::Config& config, const Task& task) {
  std::unique_ptr<Encoder> model = build_empty_model(config, task);
  const config::LoadConfig& load = config.model.load;
  if (load.file) load_weights(*load.file, *model, {.rename = load.rename.value_or(Renames{})});
  return model;
}

std::unique_ptr<Optimizer> build_optimizer(const config::OptimizerConfig& optimizer, const Module& model) {
  std::vector<Tensor> parameters;
  for (const NamedParameter& parameter : model.parameters()) parameters.push_back(parameter.tensor);
  OptimizerOptions options{.ema = optimizer.ema};
  for (const config::ParameterGroup& group : optimizer.groups) options.groups.push_back(build_group(optimizer, group));
  return std::make_unique<Optimizer>(std::move(parameters), build_algorithm(optimizer, MuonOptions{}.not_hidden),
                                     options);
}

Schedule build_schedule(const config::Config& config) {
  const config::ScheduleConfig& schedule = config.schedule;
  const Schedule built{.kind = kind_of(schedule.type),
                       .steps = schedule.steps,
                       .warmup_steps = schedule.warmup_steps,
                       .warmup = schedule.warmup == config::Warmup::kFromFirst ? Warmup::from_first : Warmup::from_zero,
                       .final_ratio = schedule.final_lr_ratio,
                       .factor = schedule.factor,
                       .width = config.model.d_model,
                       .gamma = schedule.gamma,
                       .every = schedule.every,
                       .decay_steps = schedule.decay_steps,
                       .epoch_steps = schedule.epoch_steps};
  built.check();
  return built;
}

Batches build_batches(const config::Config& config, const Task& task) {
  const bool fresh = config.trainer.sampling == config::Sampling::kFresh;
  return Batches(task, {.batch_size = config::batch_examples(config),
                        .sampling = fresh ? Sampling::fresh : Sampling::epochs,
                        .drop_last = config.trainer.drop_last,
                        .seed = config.seed});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
