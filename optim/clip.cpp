#include "optim/clip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "core/kernels/reduce.h"
#include "core/parallel.h"
#include "core/pool.h"

namespace headlight::inline HEADLIGHT_PRECISION {

double gradient_norm(FlatParameters& parameters) {
  constexpr std::size_t kBlock = 16384;
  const Real* const gradients = parameters.gradients().data();
  double total = 0;
  for (std::size_t i = 0; i < parameters.segments().size(); ++i) {
    if (!parameters.parameters()[i].has_grad()) continue;
    const auto [offset, size] = parameters.segments()[i];
    std::vector<double, PoolAllocator<double>> sums((size + kBlock - 1) / kBlock);
    parallel_ranges(size, kBlock, [&, first = offset](std::size_t begin, std::size_t end) {
      sums[begin / kBlock] = kernels::sum_of_squares(gradients + first + begin, end - begin);
    });
    for (const double sum : sums) total += sum;
  }
  return std::sqrt(total);
}

double clip_scale(double norm, double max_norm) {
  if (!(max_norm > 0)) raise<ConfigError>("clip", "max_norm must be above 0", fmt::format("{}", max_norm));
  if (!std::isfinite(norm)) {
    // min(1, NaN) is 1: the update would run with gradients that hold NaN.
    raise<NumericError>("clip", "the gradient norm is not finite", fmt::format("{}", norm),
                        "leave this update out, or look for the cause with DetectNonFinite");
  }
  return std::min(1.0, max_norm / (norm + 1e-6));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
