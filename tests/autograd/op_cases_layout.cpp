#include <algorithm>

#include "autograd/ops/layout.h"
#include "core/shape.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {

std::vector<OpCase> layout_cases() {
  const std::string domain = "in [-2, 2]; linear, no kinks";
  std::vector<OpCase> cases;

  struct Reshaping {
    Shape from;
    NewShape to;
    Shape expected;
  };
  const std::vector<Reshaping> reshapings = {{{}, {1}, {1}},
                                             {{1, 1}, {}, {}},
                                             {{2, 3}, {-1}, {6}},
                                             {{2, 3, 4}, {4, -1}, {4, 6}},
                                             {{1, 6}, {3, 1, -1}, {3, 1, 2}},
                                             {{2, 3, 2, 2}, Shape{4, 6}, {4, 6}},
                                             {{0, 3}, {5, 0}, {5, 0}},
                                             {{2, 3}, {std::size_t{3}, 2}, {3, 2}}};
  cases.reserve(reshapings.size());
  for (const Reshaping& reshaping : reshapings) {
    cases.push_back({"reshape",
                     to_string(reshaping.from),
                     domain,
                     {drawn(reshaping.from, -2, 2, 700)},
                     [to = reshaping.to](const std::vector<Tensor>& x) { return reshape(x[0], to); },
                     [expected = reshaping.expected](const std::vector<Array>& x) {
                       Array y(expected);
                       std::copy(x[0].data(), x[0].data() + x[0].size(), y.data());
                       return y;
                     }});
  }

  struct Transposition {
    Shape shape;
    std::function<Tensor(const Tensor&)> f;
    std::vector<std::size_t> order;
  };
  using T = const Tensor&;
  const std::vector<Transposition> transpositions = {{{}, [](T x) { return transpose(x); }, {}},
                                                     {{4}, [](T x) { return transpose(x); }, {0}},
                                                     {{2, 3}, [](T x) { return transpose(x); }, {1, 0}},
                                                     {{1, 5}, [](T x) { return transpose(x, -1, 0); }, {1, 0}},
                                                     {{2, 3, 4}, [](T x) { return transpose(x); }, {2, 1, 0}},
                                                     {{2, 3, 4},
                                                      [](T x) {
                                                        return transpose(x, {1, 2, 0});
                                                      },
                                                      {1, 2, 0}},
                                                     {{2, 3, 4},
                                                      [](T x) {
                                                        return transpose(x, {0, 1, 2});
                                                      },
                                                      {0, 1, 2}},
                                                     {{2, 1, 3, 2},
                                                      [](T x) { return transpose(x, 1, 2); },
                                                      {0, 2, 1, 3}},
                                                     {{2, 3, 2, 2},
                                                      [](T x) {
                                                        return transpose(x, {-1, 0, 2, 1});
                                                      },
                                                      {3, 0, 2, 1}},
                                                     {{19, 5}, [](T x) { return transpose(x); }, {1, 0}},
                                                     {{3, 0}, [](T x) { return transpose(x); }, {1, 0}}};
  for (const Transposition& transposition : transpositions) {
    cases.push_back({"transpose",
                     to_string(transposition.shape),
                     domain,
                     {drawn(transposition.shape, -2, 2, 701)},
                     [f = transposition.f](const std::vector<Tensor>& x) { return f(x[0]); },
                     [order = transposition.order](const std::vector<Array>& x) {
                       Shape shape = x[0].shape();
                       for (std::size_t i = 0; i < order.size(); ++i) shape[i] = x[0].shape()[order[i]];
                       return by_index(shape, [&](const std::vector<std::size_t>& index) {
                         std::vector<std::size_t> from(index.size());
                         for (std::size_t i = 0; i < order.size(); ++i) from[order[i]] = index[i];
                         return at(x[0], from);
                       });
                     }});
  }

  struct Stretch {
    Shape from, to;
  };
  for (const Stretch& stretch :
       {Stretch{{}, {}}, Stretch{{}, {2, 3}}, Stretch{{3}, {2, 3}}, Stretch{{2, 1}, {2, 4}},
        Stretch{{1, 3, 1}, {2, 3, 4}}, Stretch{{3, 1, 1}, {2, 3, 1, 2}}, Stretch{{1, 3}, {0, 3}}}) {
    cases.push_back({"broadcast_to",
                     to_string(stretch.from),
                     domain,
                     {drawn(stretch.from, -2, 2, 702)},
                     [to = stretch.to](const std::vector<Tensor>& x) { return broadcast_to(x[0], to); },
                     [to = stretch.to](const std::vector<Array>& x) {
                       return by_elements({x[0], zeros(to)}, [](const std::vector<double>& v) { return v[0]; });
                     }});
  }
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
