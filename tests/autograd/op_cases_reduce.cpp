#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "autograd/ops/reduce.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {
namespace {

using Group = std::vector<double>;

/// Elements gathered by the index that remains, then f of each group. Never called where a group would be empty.
Array by_groups(const Array& x, const std::vector<std::ptrdiff_t>& axes, bool keep_dims,
                const std::function<double(const Group&)>& f) {
  std::vector<bool> reduced(x.dimension(), axes.empty());
  for (const std::ptrdiff_t axis : axes) {
    reduced[static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::ptrdiff_t>(x.dimension()) : axis)] = true;
  }
  std::map<std::vector<std::size_t>, Group> groups;
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::vector<std::size_t> index = index_of(i, x.shape());
    for (std::size_t axis = 0; axis < index.size(); ++axis) index[axis] = reduced[axis] ? 0 : index[axis];
    groups[index].push_back(static_cast<double>(x.data()[i]));
  }
  Shape shape;
  shape.resize(0);
  for (std::size_t axis = 0; axis < x.dimension(); ++axis) {
    if (!reduced[axis]) shape.push_back(x.shape()[axis]);
    if (reduced[axis] && keep_dims) shape.push_back(1);
  }
  Array y = uninitialized(shape);
  std::size_t i = 0;
  for (const auto& [index, group] : groups) y.data()[i++] = static_cast<Real>(f(group));
  return y;
}

double sum_of(const Group& x) { return std::accumulate(x.begin(), x.end(), 0.0); }
double mean_of(const Group& x) { return sum_of(x) / static_cast<double>(x.size()); }
double squares_of(const Group& x) {
  const double mean = mean_of(x);
  return std::accumulate(x.begin(), x.end(), 0.0, [&](double s, double v) { return s + (v - mean) * (v - mean); });
}
double logsumexp_of(const Group& x) {
  return std::log(std::accumulate(x.begin(), x.end(), 0.0, [](double s, double v) { return s + std::exp(v); }));
}

}  // namespace

std::vector<OpCase> reduce_cases() {
  struct Setting {
    Shape shape;
    std::vector<std::ptrdiff_t> axes;
    bool keep_dims;
  };
  const std::vector<Setting> settings = {{{}, {}, false},
                                         {{4}, {0}, true},
                                         {{4, 3}, {}, false},
                                         {{4, 3}, {-1}, false},
                                         {{4, 3}, {0}, false},
                                         {{2, 3, 4}, {1}, false},
                                         {{2, 3, 4}, {0, -1}, true},
                                         {{1, 5, 1}, {0}, false},
                                         {{2, 3, 2, 3}, {1, 3}, false},
                                         {{2, 3, 2, 2}, {0, 2}, true},
                                         {{3, 37}, {1}, false},
                                         {{37, 3}, {0}, false}};
  struct Reduction {
    std::string op;
    std::function<Tensor(const Tensor&, const Setting&)> f;
    std::function<double(const Group&)> reference;
    std::size_t least = 1;
  };
  using T = const Tensor&;
  using S = const Setting&;
  const std::vector<Reduction> reductions = {
      {"sum", [](T x, S s) { return sum(x, {.axes = s.axes, .keep_dims = s.keep_dims}); }, sum_of},
      {"mean", [](T x, S s) { return mean(x, {.axes = s.axes, .keep_dims = s.keep_dims}); }, mean_of},
      {"max", [](T x, S s) { return max(x, {.axes = s.axes, .keep_dims = s.keep_dims}); },
       [](const Group& x) { return *std::max_element(x.begin(), x.end()); }},
      {"logsumexp", [](T x, S s) { return logsumexp(x, {.axes = s.axes, .keep_dims = s.keep_dims}); }, logsumexp_of},
      {"var", [](T x, S s) { return var(x, {.axes = s.axes, .keep_dims = s.keep_dims}); },
       [](const Group& x) { return squares_of(x) / static_cast<double>(x.size()); }},
      {"var", [](T x, S s) { return var(x, {.axes = s.axes, .keep_dims = s.keep_dims, .unbiased = true}); },
       [](const Group& x) { return squares_of(x) / static_cast<double>(x.size() - 1); }, 2}};
  std::vector<OpCase> cases;
  for (const Reduction& reduction : reductions) {
    for (const Setting& setting : settings) {
      if (reduction.least == 2 && (setting.shape.empty() || setting.shape.front() == 1)) continue;
      cases.push_back({reduction.op,
                       setting.keep_dims ? "axes kept" : "axes dropped",
                       "distinct multiples of 1/4 scaled to [-2.5, 2.5]: no tie, which is a kink of max",
                       {distinct(setting.shape, 500)},
                       [f = reduction.f, setting](const std::vector<Tensor>& x) { return f(x[0], setting); },
                       [f = reduction.reference, setting](const std::vector<Array>& x) {
                         return by_groups(x[0], setting.axes, setting.keep_dims, f);
                       }});
      Array& x = cases.back().inputs.front();
      if (x.size() > 20) x *= static_cast<Real>(20.0 / static_cast<double>(x.size()));
    }
  }
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
