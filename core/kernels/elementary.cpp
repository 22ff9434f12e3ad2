#include "core/kernels/elementary.h"

#include "core/kernels/vector_math.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

void exp(const Real* x, Real* y, std::size_t n) {
  map([](Vec v) { return exp(v); }, n, y, x);
}

void erf(const Real* x, Real* y, std::size_t n) {
  map([](Vec v) { return erf(v); }, n, y, x);
}

void erf_backward(const Real* x, const Real* g, Real* dx, std::size_t n) {
  map([](Vec v, Vec upstream) { return upstream * (exp(-v * v) * constant::kTwoOverSqrtPi); }, n, dx, x, g);
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
