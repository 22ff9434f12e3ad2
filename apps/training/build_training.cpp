// What trains a model: optimiser, schedule and batches. build.cpp has the model itself.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "apps/training/build.h"
#include "apps/training/build_algorithm.h"
#include "core/error.h"
#include "layers/layer_error.h"
#include "optim/muon.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

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

Sampling sampling_of(const config::Config& config) {
  switch (config.trainer.sampling) {
    case config::Sampling::kFresh:
      return Sampling::fresh;
    case config::Sampling::kReplacement:
    case config::Sampling::kWindows:  // a text has an example for each place of it
      return Sampling::replacement;
    case config::Sampling::kEpochs:
      break;
  }
  return config.task.data.order == config::DataOrder::kSequential ? Sampling::sequential : Sampling::epochs;
}

/// Nothing where the size does not grow. Batches count micro-batches, the config counts updates.
std::optional<Growth> growth_of(const config::GrowthConfig& growth, const config::Config& config) {
  if (!growth.start) return std::nullopt;
  return Growth{.start = *growth.start,
                .end = growth.end,
                .by = growth.by,
                .every = growth.every * config.optimizer.accumulate};
}

/// Running statistics follow the live weights; beside an average of the weights they would be those of another model.
void check_statistics(const config::OptimizerConfig& optimizer, const Module& model) {
  const bool schedule_free = optimizer.type == config::OptimizerType::kScheduleFree;
  if ((!optimizer.ema && !schedule_free) || model.buffers().empty()) return;
  throw LayerError({{.path = schedule_free ? "optimizer.type" : "optimizer.ema",
                     .what = fmt::format("an average of the weights is evaluated, but the statistics of batch norm "
                                         "(`{}` and others) follow the weights in training",
                                         model.buffers().front().name),
                     .help = "use `model.norm_type` \"layer\" or \"rms\", or an optimizer without an average"}});
}

}  // namespace

std::unique_ptr<Optimizer> build_optimizer(const config::OptimizerConfig& optimizer, const Module& model) {
  check_statistics(optimizer, model);
  std::vector<Tensor> parameters;
  for (const NamedParameter& parameter : model.parameters()) parameters.push_back(parameter.tensor);
  OptimizerOptions options{.ema = optimizer.ema};
  for (const config::ParameterGroup& group : optimizer.groups) options.groups.push_back(build_group(optimizer, group));
  try {
    return std::make_unique<Optimizer>(std::move(parameters), build_algorithm(optimizer, MuonOptions{}.not_hidden),
                                       options);
  } catch (const GroupError& error) {
    throw LayerError({{.path = fmt::format("optimizer.groups.{}.match", error.group()),
                       .what = error.fault(),
                       .help = error.help()}});
  }
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
  const config::TrainerConfig& trainer = config.trainer;
  BatchesOptions options{.batch_size = config::batch_examples(config),
                         .sampling = sampling_of(config),
                         .drop_last = trainer.drop_last,
                         .seed = config.seed,
                         .length = growth_of(trainer.curriculum.length, config),
                         .dimensions = growth_of(trainer.curriculum.dimensions, config)};
  if (trainer.length_per_batch) options.length_per_batch = {config.task.length.min, config.task.length.max};
  return Batches(task, options);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
