#include <cmath>

#include "autograd/ops/softmax.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {
namespace {

Array softmax_reference(const Array& x, std::size_t axis, bool logarithm) {
  return by_index(x.shape(), [&](std::vector<std::size_t> index) {
    const double own = at(x, index);
    double total = 0;
    for (index[axis] = 0; index[axis] < x.shape()[axis]; ++index[axis]) total += std::exp(at(x, index));
    return logarithm ? own - std::log(total) : std::exp(own) / total;
  });
}

}  // namespace

std::vector<OpCase> softmax_cases() {
  struct Setting {
    Shape shape;
    std::ptrdiff_t axis;
  };
  std::vector<OpCase> cases;
  for (const Setting& setting :
       {Setting{{5}, -1}, Setting{{2, 3}, 0}, Setting{{2, 3, 4}, 1}, Setting{{1, 1}, -1}, Setting{{2, 1, 3, 2}, -2},
        Setting{{3, 1}, 1}, Setting{{2, 19}, -1}, Setting{{0, 3}, -1}, Setting{{2, 0}, -1}}) {
    for (const bool logarithm : {false, true}) {
      const std::ptrdiff_t axis = setting.axis;
      const auto position =
          static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::ptrdiff_t>(setting.shape.size()) : axis);
      cases.push_back({logarithm ? "log_softmax" : "softmax",
                       "axis " + std::to_string(axis),
                       "in [-3, 3], smooth",
                       {drawn(setting.shape, -3, 3, 600)},
                       [axis, logarithm](const std::vector<Tensor>& x) {
                         return logarithm ? log_softmax(x[0], axis) : softmax(x[0], axis);
                       },
                       [position, logarithm](const std::vector<Array>& x) {
                         return softmax_reference(x[0], position, logarithm);
                       }});
    }
  }
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
