#pragma once

#include <cstdint>

namespace headlight {

enum class ScheduleKind {
  constant,             ///< 1
  linear,               ///< 1 at the end of the warm-up, falling to the final ratio r at step n
  cosine,               ///< r + (1 - r) (1 + cos(pi (s - w) / (n - w))) / 2
  cosine_times_warmup,  ///< (1 + cos(pi s / n)) / 2: the cosine starts with the warm-up, not behind it
  cosine_per_epoch,     ///< r + (1 - r) (1 + cos(pi e / E)) / 2 in epoch e = floor(s / epoch_steps) of E
  noam,                 ///< width^-0.5 min((s + 1)^-0.5, (s + 1) w^-1.5): it has a warm-up of its own
  inverse_sqrt,         ///< sqrt(w / max(s + 1, w))
  step,                 ///< gamma^floor(s / every)
  wsd,                  ///< 1, then in a straight line to the final ratio over the last decay_steps before n
};

enum class Warmup {
  from_zero,   ///< s / w: the first step has rate 0
  from_first,  ///< (s + 1) / (w + 1)
};

/// The learning rate over training, as a pure function of the step: nothing is carried along, so a resumed run has
/// the same rates to the last bit. s = step (0 for the first), w = warm-up steps, n = all steps, r = final ratio.
/// Before step w every kind but noam is multiplied by the warm-up. nanoGPT's schedule is cosine with
/// Warmup::from_first. Sources: noam, Vaswani et al. 2017, arXiv:1706.03762, section 5.3; inverse_sqrt, Raffel et al.
/// 2019, arXiv:1910.10683, section 3.1.2, scaled to 1 at w; cosine, Loshchilov & Hutter 2016, arXiv:1608.03983,
/// equation 5; wsd, Hu et al. 2024, arXiv:2404.06395, section 4.
struct Schedule {
  ScheduleKind kind = ScheduleKind::constant;
  std::uint64_t steps = 0;         ///< n >= 1 for linear, wsd and the cosines: from there on the rate stays what it is
  std::uint64_t warmup_steps = 0;  ///< w <= n; noam and inverse_sqrt need one
  Warmup warmup = Warmup::from_zero;
  double final_ratio = 0;         ///< r >= 0; linear, cosine, cosine_per_epoch and wsd have one
  double factor = 1;              ///< multiplies everything
  std::uint64_t width = 0;        ///< noam: of the model, >= 1
  double gamma = 0.1;             ///< step: >= 0
  std::uint64_t every = 0;        ///< step: steps >= 1
  std::uint64_t decay_steps = 0;  ///< wsd: from 1 to n - w
  std::uint64_t epoch_steps = 0;  ///< cosine_per_epoch: updates of one epoch >= 1

  /// What the learning rate of every parameter group is multiplied by at a step, >= 0. Throws ConfigError on a figure
  /// that the kind itself cannot do with.
  double operator()(std::uint64_t step) const;

  /// Throws ConfigError when a figure is out of its range.
  void check() const;
};

}  // namespace headlight
