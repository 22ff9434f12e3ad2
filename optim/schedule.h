#pragma once

#include <cstdint>

namespace headlight {

enum class ScheduleKind {
  constant,             ///< 1
  linear,               ///< 1 at the end of the warm-up, falling to the final ratio r
  cosine,               ///< r + (1 - r) (1 + cos(pi (s - w) / (n - w))) / 2
  cosine_times_warmup,  ///< (1 + cos(pi s / n)) / 2 * min(1, s / w): the cosine starts with the warm-up, not behind it
};

enum class Warmup {
  from_zero,   ///< s / w: the first step has rate 0
  from_first,  ///< (s + 1) / (w + 1)
};

/// The learning rate over training, as a pure function of the step: nothing is carried along, so a resumed run has
/// the same rates to the last bit. s = step (0 for the first), w = warm-up steps, n = all steps, r = final ratio.
struct Schedule {
  ScheduleKind kind = ScheduleKind::constant;
  std::uint64_t steps = 0;  ///< n >= 1 for all kinds but constant; from step n on the rate stays what it is there
  std::uint64_t warmup_steps = 0;  ///< w <= n
  Warmup warmup = Warmup::from_zero;
  double final_ratio = 0;  ///< r >= 0; only linear and cosine have one
  double factor = 1;       ///< multiplies everything

  /// What the learning rate of every parameter group is multiplied by at a step, >= 0.
  double operator()(std::uint64_t step) const;

  /// Throws ConfigError when a figure is out of its range.
  void check() const;
};

}  // namespace headlight
