#include "autograd/ops/gather.h"
#include "core/shape.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {

std::vector<OpCase> gather_cases() {
  const std::string domain = "in [-2, 2]; linear, no kinks";
  std::vector<OpCase> cases;
  struct Lookup {
    Shape table;
    Tokens ids;
  };
  const std::vector<Lookup> lookups = {{{5, 3}, tokens({4}, {4, 0, 4, 2})},
                                       {{3, 4}, tokens({2, 3}, {0, 0, 1, 2, 0, 0})},
                                       {{1, 2}, tokens({3}, {0, 0, 0})},
                                       {{4, 1}, tokens({}, {3})},
                                       {{4, 19}, tokens({2, 1, 2}, {1, 3, 3, 0})},
                                       {{2, 3}, tokens({0}, {})}};
  cases.reserve(lookups.size());
  for (const Lookup& lookup : lookups) {
    cases.push_back({"embedding",
                     "ids " + to_string(lookup.ids.shape()),
                     domain,
                     {drawn(lookup.table, -2, 2, 900)},
                     [ids = lookup.ids](const std::vector<Tensor>& x) { return embedding(x[0], ids); },
                     [ids = lookup.ids](const std::vector<Array>& x) {
                       Shape shape = ids.shape();
                       shape.push_back(x[0].shape()[1]);
                       return by_index(shape, [&](const std::vector<std::size_t>& index) {
                         const std::vector<std::size_t> place(index.begin(), index.end() - 1);
                         const std::int32_t id = ids.data()[element_of(place, ids.shape())];
                         return at(x[0], {static_cast<std::size_t>(id), index.back()});
                       });
                     }});
  }

  struct Pick {
    Shape shape;
    std::ptrdiff_t axis;
    std::size_t position;
    Tokens index;
  };
  const std::vector<Pick> picks = {{{4}, 0, 0, tokens({3}, {3, 3, 0})},
                                   {{2, 3}, -1, 1, tokens({2, 1}, {2, 0})},
                                   {{3, 2}, 0, 0, tokens({4, 2}, {0, 1, 2, 2, 0, 1, 2, 0})},
                                   {{2, 3, 2}, 1, 1, tokens({2, 2, 2}, {0, 1, 0, 2, 2, 2, 1, 1})},
                                   {{1, 3, 1, 2}, -1, 3, tokens({1, 3, 1, 1}, {1, 0, 1})},
                                   {{1, 1}, 1, 1, tokens({1, 2}, {0, 0})},
                                   {{2, 3}, 1, 1, tokens({2, 0}, {})}};
  for (const Pick& pick : picks) {
    cases.push_back({"gather",
                     to_string(pick.shape) + " by " + to_string(pick.index.shape()),
                     domain,
                     {drawn(pick.shape, -2, 2, 901)},
                     [pick](const std::vector<Tensor>& x) { return gather(x[0], pick.axis, pick.index); },
                     [pick](const std::vector<Array>& x) {
                       return by_index(pick.index.shape(), [&](std::vector<std::size_t> index) {
                         const std::int32_t picked = pick.index.data()[element_of(index, pick.index.shape())];
                         index[pick.position] = static_cast<std::size_t>(picked);
                         return at(x[0], index);
                       });
                     }});
  }
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
