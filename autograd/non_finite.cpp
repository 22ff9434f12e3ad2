#include "autograd/non_finite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

void refuse_non_finite(const Array& a, const std::string& what, std::uint64_t step) {
  std::size_t count = 0;
  std::size_t first = 0;
  Real largest = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    const Real x = a.data()[i];
    if (std::isfinite(x)) {
      largest = std::max(largest, std::abs(x));
    } else {
      ++count;
      first = i;
    }
  }
  if (count == 0) return;
  Shape index = a.shape();
  std::size_t rest = first;
  for (std::size_t axis = index.size(); axis-- > 0;) {
    index[axis] = rest % a.shape()[axis];
    rest /= a.shape()[axis];
  }
  raise<NumericError>(fmt::format("step {}", step),
                      fmt::format("{} gives {} of {} elements that are not finite", what, count, a.size()),
                      fmt::format("the first is {} at {} of {}; the largest finite magnitude is {:.3g}",
                                  a.data()[first], to_string(index), to_string(a.shape()), largest),
                      "lower the learning rate, clip gradients, or look at the inputs of this operation");
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
