#include "tests/common/arrays.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "core/shape.h"

namespace headlight::testing::inline HEADLIGHT_PRECISION {

Array drawn(const Shape& shape, double low, double high, std::uint64_t seed, const std::vector<double>& kinks,
            double gap) {
  std::mt19937_64 engine(seed);
  Array a = uninitialized(shape);
  for (Real& value : flat(a)) {
    double x = 0;
    do {
      x = low + (high - low) * static_cast<double>(engine() >> 11) * 0x1p-53;
    } while (std::any_of(kinks.begin(), kinks.end(), [&](double kink) { return std::abs(x - kink) < gap; }));
    value = static_cast<Real>(x);
  }
  return a;
}

Array distinct(const Shape& shape, std::uint64_t seed, double offset) {
  std::mt19937_64 engine(seed);
  Array a = uninitialized(shape);
  const std::size_t n = a.size();
  const std::size_t middle = n / 2;
  for (std::size_t i = 0; i < n; ++i) {
    a.data()[i] = static_cast<Real>(offset + 0.25 * (static_cast<double>(i) - static_cast<double>(middle)));
  }
  for (std::size_t i = n; i > 1; --i) std::swap(a.data()[i - 1], a.data()[engine() % i]);
  return a;
}

std::vector<std::size_t> index_of(std::size_t element, const Shape& shape) {
  std::vector<std::size_t> index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = element % shape[axis];
    element /= shape[axis];
  }
  return index;
}

std::size_t element_of(const std::vector<std::size_t>& index, const Shape& shape) {
  std::size_t element = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) element = element * shape[axis] + index[axis];
  return element;
}

double at(const Array& a, const std::vector<std::size_t>& index) {
  return static_cast<double>(a.data()[element_of(index, a.shape())]);
}

Array by_index(const Shape& shape, const std::function<double(const std::vector<std::size_t>&)>& f) {
  Array y = uninitialized(shape);
  for (std::size_t i = 0; i < y.size(); ++i) y.data()[i] = static_cast<Real>(f(index_of(i, shape)));
  return y;
}

Tokens tokens(const Shape& shape, const std::vector<std::int32_t>& values) {
  Tokens all(shape);
  std::copy(values.begin(), values.end(), all.data());
  return all;
}

std::string difference(const Array& actual, const Array& expected, double rtol, double atol) {
  if (actual.shape() != expected.shape()) {
    return fmt::format("shape {} instead of {}", to_string(actual.shape()), to_string(expected.shape()));
  }
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double x = static_cast<double>(actual.data()[i]);
    const double y = static_cast<double>(expected.data()[i]);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (std::abs(x - y) <= atol + rtol * std::abs(y)) continue;
    const std::vector<std::size_t> index = index_of(i, actual.shape());
    return fmt::format("{:.17g} instead of {:.17g} at {}", x, y, to_string(Shape(index.begin(), index.end())));
  }
  return "";
}

bool close(const Array& a, const Array& b, double rtol, double atol) { return difference(a, b, rtol, atol).empty(); }

}  // namespace headlight::testing::inline HEADLIGHT_PRECISION
