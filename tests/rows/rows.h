#pragma once

// What the tests of the feature rows share.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "autograd/scopes.h"
#include "core/error.h"
#include "layers/module.h"
#include "layers/multi_head_attention.h"
#include "tests/common/arrays.h"
#include "tests/parity/matching.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace rows {

using headlight::parity::parameter_named;
using testing::at;
using testing::by_index;
using testing::difference;
using testing::drawn;
using testing::tokens;
using Index = std::vector<std::size_t>;

constexpr double kEpsilon = std::numeric_limits<Real>::epsilon();
/// Sums of some hundred products of numbers of size about 1, rounded in another order.
constexpr double kRounding = 2e3 * kEpsilon;

/// An array with these elements.
inline Array array(const Shape& shape, const std::vector<double>& values) {
  Array made = uninitialized(shape);
  for (std::size_t i = 0; i < made.size(); ++i) made.data()[i] = static_cast<Real>(values.at(i));
  return made;
}

/// Parameters away from the zeros and ones with which some begin.
inline void draw(const Module& module, std::uint64_t seed = 7) {
  for (const NamedParameter& parameter : module.parameters()) {
    parameter.tensor.assign(drawn(parameter.tensor.shape(), -0.8, 0.8, ++seed));
  }
}

inline bool has_parameter(const Module& module, const std::string& name) {
  for (const NamedParameter& parameter : module.parameters()) {
    if (parameter.name == name) return true;
  }
  return false;
}

/// output.bias plus the sum of the heads' contributions (B, H, T, C).
inline Array sum_of_heads(const MultiHeadAttention& layer, const Tensor& heads) {
  const Array parts = layer.contributions(heads).value();
  const Array bias = parameter_named(layer, "output.bias").value();
  const Shape& s = parts.shape();
  return by_index({s[0], s[2], s[3]}, [&](const Index& i) {
    double total = at(bias, {i[2]});
    for (std::size_t h = 0; h < s[1]; ++h) total += at(parts, {i[0], h, i[1], i[2]});
    return total;
  });
}

}  // namespace rows
}  // namespace headlight::inline HEADLIGHT_PRECISION
