#include "core/kernels/elementary.h"

#include "core/kernels/vector_math.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

void exp(const Real* x, Real* y, std::size_t n) {
  map([](Vec v) { return exp(v); }, n, y, x);
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
