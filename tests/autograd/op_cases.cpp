#include "tests/autograd/op_cases.h"

#include <algorithm>
#include <iterator>

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {

const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> all = [] {
    std::vector<OpCase> cases;
    for (const auto family : {arithmetic_cases, attention_cases, attention_stage_cases, fused_cases, gather_cases,
                              layout_cases, pieces_cases, reduce_cases, select_cases, softmax_cases, unary_cases}) {
      std::vector<OpCase> some = family();
      std::move(some.begin(), some.end(), std::back_inserter(cases));
    }
    return cases;
  }();
  return all;
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

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
