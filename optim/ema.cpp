#include "optim/ema.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/kernels/optimizer_step.h"
#include "core/parallel.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::size_t kAverageGrain = 8192;

}  // namespace

Ema::Ema(std::size_t size, double decay) : average_(zeros({size})), decay_(decay) {
  if (!(decay >= 0 && decay < 1)) {
    raise<ConfigError>("ema", "decay is outside [0, 1)", fmt::format("{}", decay), "0.999 is usual");
  }
}

void Ema::update(std::span<const Real> weights) {
  const bool first = updates_ == 0;
  parallel_ranges(weights.size(), kAverageGrain, [&](std::size_t begin, std::size_t end) {
    if (first) {
      std::copy(weights.data() + begin, weights.data() + end, average_.data() + begin);
    } else {
      kernels::scale_and_add(average_.data() + begin, weights.data() + begin, end - begin, decay_, 1 - decay_);
    }
  });
  ++updates_;
}

void Ema::swap(std::span<Real> weights) {
  if (updates_ > 0) std::swap_ranges(weights.begin(), weights.end(), average_.data());
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
