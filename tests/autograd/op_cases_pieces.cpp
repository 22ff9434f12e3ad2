#include <algorithm>

#include "autograd/ops/pieces.h"
#include "core/shape.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {
namespace {

/// The parts joined along an axis, by index arithmetic.
Array joined(const std::vector<Array>& parts, std::size_t axis) {
  Shape shape = parts.front().shape();
  for (std::size_t i = 1; i < parts.size(); ++i) shape[axis] += parts[i].shape()[axis];
  return by_index(shape, [&](std::vector<std::size_t> index) {
    std::size_t part = 0;
    while (index[axis] >= parts[part].shape()[axis]) index[axis] -= parts[part++].shape()[axis];
    return at(parts[part], index);
  });
}

/// The elements begin, begin + step, ... of an axis.
Array part_of(const Array& x, std::size_t axis, std::size_t begin, std::size_t count, std::size_t step = 1) {
  Shape shape = x.shape();
  shape[axis] = count;
  return by_index(shape, [&](std::vector<std::size_t> index) {
    index[axis] = begin + index[axis] * step;
    return at(x, index);
  });
}

void add_slices(std::vector<OpCase>& cases, const std::string& domain) {
  struct Setting {
    Shape shape;
    Slice slice;
    std::size_t axis, begin, count, step;
  };
  const std::vector<Setting> settings = {{{5}, {.axis = 0, .begin = 1, .end = 4}, 0, 1, 3, 1},
                                         {{1}, {}, 0, 0, 1, 1},
                                         {{2, 3}, {.axis = 1, .begin = -2}, 1, 1, 2, 1},
                                         {{5, 3}, {.axis = 0, .begin = 0, .end = -1, .step = 2}, 0, 0, 2, 2},
                                         {{2, 7, 3}, {.axis = 1, .begin = 1, .step = 3}, 1, 1, 2, 3},
                                         {{2, 1, 3, 4}, {.axis = -1, .begin = 2, .end = 4}, 3, 2, 2, 1},
                                         {{2, 3, 8}, {.axis = -1, .begin = 1, .step = 4}, 2, 1, 2, 4},
                                         {{2, 3}, {.axis = 0, .begin = 1, .end = 1}, 0, 1, 0, 1}};
  for (const Setting& s : settings) {
    cases.push_back({"slice",
                     to_string(s.shape),
                     domain,
                     {drawn(s.shape, -2, 2, 800)},
                     [slice_of = s.slice](const std::vector<Tensor>& x) { return slice(x[0], slice_of); },
                     [s](const std::vector<Array>& x) { return part_of(x[0], s.axis, s.begin, s.count, s.step); }});
  }
}

void add_splits(std::vector<OpCase>& cases, const std::string& domain) {
  struct Setting {
    Shape shape;
    std::vector<std::size_t> sizes;
    std::ptrdiff_t axis;
    std::size_t position;
  };
  const std::vector<Setting> settings = {{{6}, {1, 2, 3}, 0, 0},       {{2, 4}, {2, 2}, -1, 1},
                                         {{3, 2}, {1, 2}, 0, 0},       {{2, 3, 2}, {1, 1, 1}, 1, 1},
                                         {{1, 1, 4, 1}, {3, 1}, 2, 2}, {{2, 3}, {3}, 1, 1},
                                         {{2, 3}, {0, 3, 0}, 1, 1}};
  for (const Setting& s : settings) {
    // Joined in reverse order, so that each part's gradient must find its own place.
    cases.push_back({"split",
                     to_string(s.shape),
                     domain,
                     {drawn(s.shape, -2, 2, 801)},
                     [s](const std::vector<Tensor>& x) {
                       std::vector<Tensor> parts = split(x[0], s.sizes, s.axis);
                       std::reverse(parts.begin(), parts.end());
                       return concat(parts, s.axis);
                     },
                     [s](const std::vector<Array>& x) {
                       std::vector<Array> parts;
                       std::size_t begin = 0;
                       for (const std::size_t size : s.sizes) {
                         parts.insert(parts.begin(), part_of(x[0], s.position, begin, size));
                         begin += size;
                       }
                       return joined(parts, s.position);
                     }});
  }
  for (const std::size_t used : {0U, 1U, 2U}) {
    cases.push_back({"split",
                     "only part " + std::to_string(used) + " is used",
                     domain,
                     {drawn({2, 6}, -2, 2, 802)},
                     [used](const std::vector<Tensor>& x) {
                       return split(x[0], {1, 2, 3})[used];
                     },
                     [used](const std::vector<Array>& x) {
                       return part_of(x[0], 1, used == 0 ? 0 : used == 1 ? 1 : 3, used + 1);
                     }});
  }
}

void add_joins(std::vector<OpCase>& cases, const std::string& domain) {
  struct Setting {
    std::vector<Shape> shapes;
    std::ptrdiff_t axis;
    std::size_t position;
  };
  const std::vector<Setting> settings = {{{{2}, {3}}, 0, 0},
                                         {{{2, 3}, {2, 1}}, -1, 1},
                                         {{{1, 3}, {2, 3}, {1, 3}}, 0, 0},
                                         {{{2, 2, 3}, {2, 1, 3}}, 1, 1},
                                         {{{1, 2, 1, 2}, {1, 2, 1, 3}}, 3, 3},
                                         {{{2, 3}}, 0, 0},
                                         {{{2, 0}, {2, 2}}, 1, 1}};
  for (const Setting& s : settings) {
    std::vector<Array> inputs;
    for (const Shape& shape : s.shapes) inputs.push_back(drawn(shape, -2, 2, 803 + inputs.size()));
    cases.push_back({"concat", std::to_string(s.shapes.size()) + " parts", domain, inputs,
                     [s](const std::vector<Tensor>& x) { return concat(x, s.axis); },
                     [s](const std::vector<Array>& x) { return joined(x, s.position); }});
  }
  cases.push_back({"concat",
                   "one input twice",
                   domain,
                   {drawn({2, 3}, -2, 2, 806)},
                   [](const std::vector<Tensor>& x) {
                     return concat({x[0], x[0]}, 0);
                   },
                   [](const std::vector<Array>& x) {
                     return joined({x[0], x[0]}, 0);
                   }});
}

void add_pads(std::vector<OpCase>& cases, const std::string& domain) {
  struct Setting {
    Shape shape;
    std::vector<Padding> padding;
  };
  const std::vector<Setting> settings = {{{}, {}},
                                         {{3}, {{1, 2}}},
                                         {{2, 3}, {{0, 1}, {2, 0}}},
                                         {{1, 4}, {{0, 0}, {0, 0}}},
                                         {{2, 1, 3}, {{1, 1}, {0, 2}, {3, 0}}},
                                         {{2, 2, 1, 2}, {{0, 1}, {1, 0}, {1, 1}, {0, 0}}},
                                         {{0, 2}, {{1, 1}, {0, 1}}}};
  for (const Setting& s : settings) {
    cases.push_back({"pad",
                     to_string(s.shape),
                     domain,
                     {drawn(s.shape, -2, 2, 807)},
                     [s](const std::vector<Tensor>& x) { return pad(x[0], s.padding, Real{7}); },
                     [s](const std::vector<Array>& x) {
                       Shape shape = s.shape;
                       for (std::size_t i = 0; i < shape.size(); ++i)
                         shape[i] += s.padding[i].before + s.padding[i].after;
                       return by_index(shape, [&](std::vector<std::size_t> index) {
                         for (std::size_t i = 0; i < shape.size(); ++i) {
                           index[i] -= s.padding[i].before;  // wraps to something large in front of the array
                           if (index[i] >= s.shape[i]) return 7.0;
                         }
                         return at(x[0], index);
                       });
                     }});
  }
}

}  // namespace

std::vector<OpCase> pieces_cases() {
  const std::string domain = "in [-2, 2]; linear, no kinks";
  std::vector<OpCase> cases;
  add_slices(cases, domain);
  add_splits(cases, domain);
  add_joins(cases, domain);
  add_pads(cases, domain);
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
