#include "optim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace headlight {

void Schedule::check() const {
  if (kind != ScheduleKind::constant && steps == 0) {
    raise<ConfigError>("schedule", "the number of steps must be at least 1", {}, "set schedule.steps or trainer.steps");
  }
  if (kind != ScheduleKind::constant && warmup_steps > steps) {
    raise<ConfigError>("schedule", "the warm-up is longer than the schedule",
                       fmt::format("warmup_steps {}, steps {}", warmup_steps, steps));
  }
  if (!(final_ratio >= 0) || !(factor >= 0) || std::isinf(final_ratio) || std::isinf(factor)) {
    raise<ConfigError>("schedule", "final ratio and factor must be finite and not negative",
                       fmt::format("final_lr_ratio {}, factor {}", final_ratio, factor));
  }
  if (final_ratio != 0 && (kind == ScheduleKind::constant || kind == ScheduleKind::cosine_times_warmup)) {
    raise<ConfigError>("schedule", "a final ratio has no meaning with this kind of schedule",
                       fmt::format("final_lr_ratio {} with {}", final_ratio,
                                   kind == ScheduleKind::constant ? "constant" : "cosine_times_warmup"),
                       "use linear or cosine, or leave it out");
  }
}

double Schedule::operator()(std::uint64_t step) const {
  const auto s = static_cast<double>(kind == ScheduleKind::constant ? step : std::min(step, steps));
  const auto w = static_cast<double>(warmup_steps);
  const auto n = static_cast<double>(steps);
  if (kind == ScheduleKind::cosine_times_warmup) {
    const double warm = step >= warmup_steps ? 1 : warmup == Warmup::from_zero ? s / w : (s + 1) / (w + 1);
    return factor * warm * (1 + std::cos(std::numbers::pi * s / n)) / 2;
  }
  if (step < warmup_steps) return factor * (warmup == Warmup::from_zero ? s / w : (s + 1) / (w + 1));
  const double progress = steps > warmup_steps ? (s - w) / (n - w) : 1;
  switch (kind) {
    case ScheduleKind::linear:
      return factor * (1 - (1 - final_ratio) * progress);
    case ScheduleKind::cosine:
      return factor * (final_ratio + (1 - final_ratio) * (1 + std::cos(std::numbers::pi * progress)) / 2);
    case ScheduleKind::constant:
    case ScheduleKind::cosine_times_warmup:
      break;
  }
  return factor;
}

}  // namespace headlight
