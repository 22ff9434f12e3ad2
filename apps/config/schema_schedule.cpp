// Keys of how the learning rate moves: `schedule`.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

using C = Config;
using Plan = ScheduleConfig;

}  // namespace

std::vector<Key> schedule_rows() {
  return {
      {.path = "schedule", .type = object(), .doc = "how the learning rate moves"},
      {.path = "schedule.type",
       .type = choice<ScheduleType>({{"constant", ScheduleType::kConstant},
                                     {"linear", ScheduleType::kLinear},
                                     {"cosine", ScheduleType::kCosine},
                                     {"cosine_times_warmup", ScheduleType::kCosineTimesWarmup},
                                     {"cosine_per_epoch", ScheduleType::kCosinePerEpoch},
                                     {"noam", ScheduleType::kNoam},
                                     {"inverse_sqrt", ScheduleType::kInverseSqrt},
                                     {"step", ScheduleType::kStep},
                                     {"wsd", ScheduleType::kWsd}}),
       .fallback = is("constant"),
       .doc =
           "the curve after warm-up; noam multiplies the rate by d_model^-0.5 too, so that an `optimizer.lr` of 1 is "
           "usual",
       .field = at(&C::schedule, &Plan::type)},
      {.path = "schedule.warmup_steps",
       .type = integer(0, kMostSteps),
       .fallback = is(0),
       .doc = "updates of linear warm-up; noam and inverse_sqrt need some",
       .field = at(&C::schedule, &Plan::warmup_steps),
       .alias = "warmup_steps"},
      {.path = "schedule.warmup",
       .type = choice<Warmup>({{"from_zero", Warmup::kFromZero}, {"from_first", Warmup::kFromFirst}}),
       .fallback = is("from_zero"),
       .doc = "rate at step t of warm-up w: t/w, or (t+1)/(w+1)",
       .field = at(&C::schedule, &Plan::warmup),
       .only = only_for("type", {"constant", "linear", "cosine", "cosine_per_epoch", "inverse_sqrt", "step", "wsd"})},
      {.path = "schedule.steps",
       .type = integer(1, kMostSteps),
       .fallback = derived("the updates of the run", [](const C& c) { return total_steps(c); }),
       .doc = "updates from the start to the end of the decay",
       .field = at(&C::schedule, &Plan::steps),
       .only = only_for("type", {"linear", "cosine", "cosine_times_warmup", "cosine_per_epoch", "wsd"})},
      {.path = "schedule.final_lr_ratio",
       .type = number({.from = 0, .to = 1}),
       .fallback = is(0.0),
       .doc = "rate at the end of the decay, as a share of the full rate",
       .field = at(&C::schedule, &Plan::final_lr_ratio),
       .only = only_for("type", {"linear", "cosine", "cosine_per_epoch", "wsd"})},
      {.path = "schedule.gamma",
       .type = number({.from = 0, .to = 1}),
       .fallback = is(0.1),
       .doc = "what each fall multiplies the rate by",
       .field = at(&C::schedule, &Plan::gamma),
       .only = only_for("type", {"step"})},
      {.path = "schedule.every",
       .type = integer(1, kMostSteps),
       .fallback = derived("a third of the updates of the run",
                           [](const C& c) { return std::max<std::size_t>(total_steps(c) / 3, 1); }),
       .doc = "updates between two falls",
       .field = at(&C::schedule, &Plan::every),
       .only = only_for("type", {"step"})},
      {.path = "schedule.decay_steps",
       .type = integer(1, kMostSteps),
       .fallback =
           derived("a fifth of `steps`", [](const C& c) { return std::max<std::size_t>(c.schedule.steps / 5, 1); }),
       .doc = "updates of the straight line at the end, before `steps`",
       .field = at(&C::schedule, &Plan::decay_steps),
       .only = only_for("type", {"wsd"})},
      {.path = "schedule.epoch_steps",
       .type = integer(1, kMostSteps),
       .fallback = derived("the updates of one epoch",
                           [](const C& c) {
                             const std::size_t steps = steps_per_epoch(c);
                             return steps == 0 ? Json(nullptr) : Json(steps);
                           }),
       .doc = "updates that share one rate",
       .field = at(&C::schedule, &Plan::epoch_steps),
       .only = only_for("type", {"cosine_per_epoch"})},
      {.path = "schedule.factor",
       .type = number({.above = 0, .to = 1e6}),
       .fallback = is(1.0),
       .doc = "multiplies the rate at every step",
       .field = at(&C::schedule, &Plan::factor)},
  };
}

}  // namespace headlight::config::schema
