#include "tests/autograd/op_cases.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <random>

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {

const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> all = [] {
    std::vector<OpCase> cases;
    for (const auto family : {arithmetic_cases, attention_cases, fused_cases, gather_cases, layout_cases, pieces_cases,
                              reduce_cases, select_cases, softmax_cases, unary_cases}) {
      std::vector<OpCase> some = family();
      std::move(some.begin(), some.end(), std::back_inserter(cases));
    }
    return cases;
  }();
  return all;
}

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
  for (std::size_t i = 0; i < n; ++i) {
    a.data()[i] = static_cast<Real>(offset + 0.25 * (static_cast<double>(i) - static_cast<double>(n / 2)));
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

Array by_elements(const std::vector<Array>& inputs, const std::function<double(const std::vector<double>&)>& f) {
  std::size_t rank = 0;
  for (const Array& input : inputs) rank = std::max(rank, input.dimension());
  Shape shape(rank, std::size_t{1});
  for (const Array& input : inputs) {
    for (std::size_t axis = 0; axis < input.dimension(); ++axis) {
      if (input.shape()[axis] != 1) shape[rank - input.dimension() + axis] = input.shape()[axis];
    }
  }
  return by_index(shape, [&](const std::vector<std::size_t>& index) {
    std::vector<double> values;
    for (const Array& input : inputs) {
      std::vector<std::size_t> own(index.end() - static_cast<std::ptrdiff_t>(input.dimension()), index.end());
      for (std::size_t axis = 0; axis < own.size(); ++axis) own[axis] = input.shape()[axis] == 1 ? 0 : own[axis];
      values.push_back(at(input, own));
    }
    return f(values);
  });
}

Tokens tokens(const Shape& shape, const std::vector<std::int32_t>& values) {
  Tokens all(shape);
  std::copy(values.begin(), values.end(), all.data());
  return all;
}

bool close(const Array& a, const Array& b, double rtol, double atol) {
  if (a.shape() != b.shape()) return false;
  return std::equal(a.data(), a.data() + a.size(), b.data(), [=](Real p, Real q) {
    const double x = static_cast<double>(p);
    const double y = static_cast<double>(q);
    if (x == y || (std::isnan(x) && std::isnan(y))) return true;
    return std::abs(x - y) <= atol + rtol * std::abs(y);
  });
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
