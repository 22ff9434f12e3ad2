#include "optim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace headlight {
namespace {

/// Kinds that run towards step n.
bool has_end(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::linear:
    case ScheduleKind::cosine:
    case ScheduleKind::cosine_times_warmup:
    case ScheduleKind::cosine_per_epoch:
    case ScheduleKind::wsd:
      return true;
    case ScheduleKind::constant:
    case ScheduleKind::noam:
    case ScheduleKind::inverse_sqrt:
    case ScheduleKind::step:
      break;
  }
  return false;
}

bool has_final_ratio(ScheduleKind kind) { return has_end(kind) && kind != ScheduleKind::cosine_times_warmup; }

const char* name_of(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::constant:
      return "constant";
    case ScheduleKind::linear:
      return "linear";
    case ScheduleKind::cosine:
      return "cosine";
    case ScheduleKind::cosine_times_warmup:
      return "cosine_times_warmup";
    case ScheduleKind::cosine_per_epoch:
      return "cosine_per_epoch";
    case ScheduleKind::noam:
      return "noam";
    case ScheduleKind::inverse_sqrt:
      return "inverse_sqrt";
    case ScheduleKind::step:
      return "step";
    case ScheduleKind::wsd:
      return "wsd";
  }
  return "";
}

/// (1 + cos(pi p)) / 2
double half_cosine(double progress) { return (1 + std::cos(std::numbers::pi * progress)) / 2; }

/// The line or curve between 1 and r, at a share of its way.
double between(double final_ratio, double share) { return final_ratio + (1 - final_ratio) * share; }

void check_own_figures(const Schedule& schedule) {
  const auto refuse = [&](const char* what, const std::string& value) {
    raise<ConfigError>("schedule", fmt::format("{} needs {}", name_of(schedule.kind), what), value);
  };
  switch (schedule.kind) {
    case ScheduleKind::noam:
    case ScheduleKind::inverse_sqrt:
      if (schedule.warmup_steps == 0) refuse("a warm-up of at least one step", "warmup_steps 0");
      if (schedule.kind == ScheduleKind::noam && schedule.width == 0) refuse("the width of the model", "width 0");
      return;
    case ScheduleKind::step:
      if (schedule.every == 0) refuse("the number of steps between two falls", "every 0");
      if (!(schedule.gamma >= 0) || std::isinf(schedule.gamma)) {
        refuse("a gamma that is finite and not negative", fmt::format("gamma {}", schedule.gamma));
      }
      return;
    case ScheduleKind::wsd:
      if (schedule.decay_steps == 0 || schedule.decay_steps > schedule.steps - schedule.warmup_steps) {
        refuse("decay_steps from 1 to those behind the warm-up",
               fmt::format("decay_steps {}, steps {}, warmup_steps {}", schedule.decay_steps, schedule.steps,
                           schedule.warmup_steps));
      }
      return;
    case ScheduleKind::cosine_per_epoch:
      if (schedule.epoch_steps == 0) refuse("the updates of an epoch", "epoch_steps 0");
      return;
    case ScheduleKind::constant:
    case ScheduleKind::linear:
    case ScheduleKind::cosine:
    case ScheduleKind::cosine_times_warmup:
      return;
  }
}

}  // namespace

void Schedule::check() const {
  if (has_end(kind) && steps == 0) {
    raise<ConfigError>("schedule", "the number of steps must be at least 1", {}, "set schedule.steps or trainer.steps");
  }
  if (has_end(kind) && warmup_steps > steps) {
    raise<ConfigError>("schedule", "the warm-up is longer than the schedule",
                       fmt::format("warmup_steps {}, steps {}", warmup_steps, steps));
  }
  if (!(final_ratio >= 0) || !(factor >= 0) || std::isinf(final_ratio) || std::isinf(factor)) {
    raise<ConfigError>("schedule", "final ratio and factor must be finite and not negative",
                       fmt::format("final_lr_ratio {}, factor {}", final_ratio, factor));
  }
  if (final_ratio != 0 && !has_final_ratio(kind)) {
    raise<ConfigError>("schedule", "a final ratio has no meaning with this kind of schedule",
                       fmt::format("final_lr_ratio {} with {}", final_ratio, name_of(kind)),
                       "use linear, cosine, cosine_per_epoch or wsd, or leave it out");
  }
  check_own_figures(*this);
}

double Schedule::operator()(std::uint64_t step) const {
  check_own_figures(*this);  // some are divided by
  const std::uint64_t now = has_end(kind) ? std::min(step, steps) : step;
  const auto s = static_cast<double>(now);
  const auto w = static_cast<double>(warmup_steps);
  const auto n = static_cast<double>(steps);
  const bool warming = step < warmup_steps && kind != ScheduleKind::noam;
  const double ramp = !warming ? 1 : warmup == Warmup::from_zero ? s / w : (s + 1) / (w + 1);
  // How much of the way from the end of the warm-up to step n is done.
  const double progress = step < warmup_steps ? 0 : steps > warmup_steps ? (s - w) / (n - w) : 1;
  double curve = 1;
  switch (kind) {
    case ScheduleKind::constant:
      break;
    case ScheduleKind::linear:
      curve = 1 - (1 - final_ratio) * progress;
      break;
    case ScheduleKind::cosine:
      curve = between(final_ratio, half_cosine(progress));
      break;
    case ScheduleKind::cosine_times_warmup:
      curve = half_cosine(s / n);
      break;
    case ScheduleKind::cosine_per_epoch: {
      const std::uint64_t epochs = (steps - 1) / epoch_steps + 1;
      const std::uint64_t epoch = now == steps ? epochs : now / epoch_steps;
      curve = between(final_ratio, half_cosine(static_cast<double>(epoch) / static_cast<double>(epochs)));
      break;
    }
    case ScheduleKind::noam:
      curve = std::min(1 / std::sqrt(s + 1), (s + 1) / (w * std::sqrt(w))) / std::sqrt(static_cast<double>(width));
      break;
    case ScheduleKind::inverse_sqrt:
      curve = std::sqrt(w / std::max(s + 1, w));
      break;
    case ScheduleKind::step: {
      const std::uint64_t drops = now / every;
      curve = std::pow(gamma, static_cast<double>(drops));
      break;
    }
    case ScheduleKind::wsd: {
      const auto decay = static_cast<double>(decay_steps);
      curve = 1 - (1 - final_ratio) * std::max(0.0, s - (n - decay)) / decay;
      break;
    }
  }
  return factor * ramp * curve;
}

}  // namespace headlight
