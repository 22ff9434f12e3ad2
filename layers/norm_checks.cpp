#include "layers/norm_checks.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Real checked_eps(const char* layer, std::size_t width, double eps) {
  if (width == 0 || !(eps >= 0)) {
    raise<ConfigError>(layer, "the width must be at least 1 and eps not negative",
                       fmt::format("width {}, eps {}", width, eps));
  }
  const Real rounded = static_cast<Real>(eps);
  if (eps > 0 && !(rounded > 0)) {
    // A row of equal elements would be divided 0 / 0.
    raise<ConfigError>(layer, "eps is 0 in the precision of this build", fmt::format("{}", eps),
                       "use 1e-30 or more, or 0 itself");
  }
  if (std::isinf(rounded)) {
    // Every row would be divided by infinity.
    raise<ConfigError>(layer, "eps is infinite in the precision of this build", fmt::format("{}", eps),
                       "1e-5 is usual");
  }
  return rounded;
}

void check_last_axis(const char* layer, const Tensor& x, std::size_t width) {
  if (x.rank() != 0 && x.extent(-1) == width) return;
  raise<ShapeError>(layer, fmt::format("the last axis of x must have {} elements", width), "x " + to_string(x.shape()));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
