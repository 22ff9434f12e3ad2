#pragma once

// Matrices by definition, for the tests of head algebra.
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "tests/common/arrays.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace matrices {

using Index = std::vector<std::size_t>;

inline constexpr double kEpsilon = std::numeric_limits<Real>::epsilon();

// Products of matrices with entries up to 2 and at most a hundred terms: a hundred roundings of sums up to 100.
inline constexpr double kProduct = 1e4 * kEpsilon;

inline Array product(const Array& a, const Array& b) {
  return testing::by_index({a.shape()[0], b.shape()[1]}, [&](const Index& i) {
    double sum = 0;
    for (std::size_t k = 0; k < a.shape()[1]; ++k) sum += testing::at(a, {i[0], k}) * testing::at(b, {k, i[1]});
    return sum;
  });
}

inline Array turned(const Array& a) {
  return testing::by_index({a.shape()[1], a.shape()[0]}, [&](const Index& i) { return testing::at(a, {i[1], i[0]}); });
}

inline double frobenius(const Array& a) {
  double sum = 0;
  for (const Real value : flat(a)) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

}  // namespace matrices
}  // namespace headlight::inline HEADLIGHT_PRECISION
