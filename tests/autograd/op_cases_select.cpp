#include <algorithm>

#include "autograd/ops/select.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {
namespace {

Tokens every_third_false(const Shape& shape) {
  Tokens truth(shape);
  for (std::size_t i = 0; i < truth.size(); ++i) truth.data()[i] = i % 3 == 1 ? 0 : static_cast<std::int32_t>(i) + 1;
  return truth;
}

}  // namespace

std::vector<OpCase> select_cases() {
  std::vector<OpCase> cases;
  const std::string apart = "distinct multiples of 1/4, right shifted by 1/8: no tie, which is a kink";
  struct Pair {
    Shape a, b;
  };
  for (const Pair& shapes : {Pair{{}, {}}, Pair{{5}, {5}}, Pair{{2, 3}, {3}}, Pair{{2, 1, 4}, {3, 1}},
                             Pair{{1, 5}, {4, 1}}, Pair{{2, 3, 2, 1}, {1, 1, 1, 2}}, Pair{{0, 2}, {2}}}) {
    const std::vector<Array> inputs = {distinct(shapes.a, 1), distinct(shapes.b, 2, 0.125)};
    cases.push_back({"maximum", "broadcast", apart, inputs,
                     [](const std::vector<Tensor>& x) { return maximum(x[0], x[1]); },
                     [](const std::vector<Array>& x) {
                       return by_elements(x, [](const std::vector<double>& v) { return std::max(v[0], v[1]); });
                     }});
    cases.push_back({"minimum", "broadcast", apart, inputs,
                     [](const std::vector<Tensor>& x) { return minimum(x[0], x[1]); },
                     [](const std::vector<Array>& x) {
                       return by_elements(x, [](const std::vector<double>& v) { return std::min(v[0], v[1]); });
                     }});
  }
  // Ties of an input with itself are no kink: both halves move together.
  const std::string tied = "in [-2, 2]; every element is a tie of an input with itself, which moves with it";
  const Reference identity = [](const std::vector<Array>& x) { return x[0]; };
  cases.push_back({"maximum",
                   "one input on both sides",
                   tied,
                   {drawn({2, 3}, -2, 2, 5)},
                   [](const std::vector<Tensor>& x) { return maximum(x[0], x[0]); },
                   identity});
  cases.push_back({"minimum",
                   "one input on both sides",
                   tied,
                   {drawn({2, 3}, -2, 2, 6)},
                   [](const std::vector<Tensor>& x) { return minimum(x[0], x[0]); },
                   identity});

  for (const Shape& shape : {Shape{}, Shape{1}, Shape{3, 7}, Shape{2, 1, 5}, Shape{1, 2, 2, 3}, Shape{3, 0}}) {
    cases.push_back({"clamp",
                     "both bounds",
                     "in [-2, 2] away from the kinks at the bounds -1 and 0.5",
                     {drawn(shape, -2, 2, 7, {-1, 0.5})},
                     [](const std::vector<Tensor>& x) { return clamp(x[0], -1, static_cast<Real>(0.5)); },
                     [](const std::vector<Array>& x) {
                       return by_elements(x, [](const std::vector<double>& v) { return std::clamp(v[0], -1.0, 0.5); });
                     }});
  }

  struct Triple {
    Shape condition, a, b;
  };
  for (const Triple& shapes :
       {Triple{{}, {}, {}}, Triple{{4}, {4}, {4}}, Triple{{3}, {2, 3}, {2, 1}}, Triple{{2, 1, 1}, {3, 1}, {4}},
        Triple{{2, 3, 1, 2}, {1}, {}}, Triple{{1, 5}, {5}, {3, 1}}, Triple{{0, 1}, {2}, {1, 2}}}) {
    const Tokens truth = every_third_false(shapes.condition);
    cases.push_back({"where",
                     "three-way broadcast",
                     "in [-2, 2]; no kinks, the condition does not move",
                     {drawn(shapes.a, -2, 2, 8), drawn(shapes.b, -2, 2, 9)},
                     [truth](const std::vector<Tensor>& x) { return where(Condition(truth), x[0], x[1]); },
                     [truth](const std::vector<Array>& x) {
                       Array chooses(truth.shape());
                       std::copy(truth.data(), truth.data() + truth.size(), chooses.data());
                       return by_elements({chooses, x[0], x[1]},
                                          [](const std::vector<double>& v) { return v[0] != 0 ? v[1] : v[2]; });
                     }});
  }
  const Tokens truth = every_third_false({2, 3});
  cases.push_back({"where",
                   "scalar on either side, one input twice",
                   "in [-2, 2]; no kinks",
                   {drawn({2, 3}, -2, 2, 10)},
                   [truth](const std::vector<Tensor>& x) {
                     const Tensor left = where(Condition(truth), Real{3}, x[0]);
                     return where(Condition(truth), where(Condition(truth), x[0], Real{4}), left);
                   },
                   [](const std::vector<Array>& x) { return x[0]; }});
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
