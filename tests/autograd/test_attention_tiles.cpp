// Attention over more queries than one tile holds (32), where hidden halves are left out: against the composed form, which
// knows no tiles; and over no query at all.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/attention.h"
#include "tests/autograd/op_cases.h"

using namespace headlight;
using namespace headlight::op_test;

TEST_CASE("fused and composed attention agree in values and gradients beyond one tile of queries") {
  // Sums of up to 100 products of numbers below 4, in another order.
  const double tolerance = sizeof(Real) == 8 ? 1e-12 : 2e-4;
  for (const auto& [queries, keys] :
       std::vector<std::pair<std::size_t, std::size_t>>{{33, 33}, {64, 70}, {70, 64}, {100, 100}}) {
    const std::vector<std::pair<std::string, Mask>> masks{{"none", {}},
                                                          {"causal", Mask::causal()},
                                                          {"window back", Mask::causal() & Mask::window(9)},
                                                          {"window on both sides", Mask::window(9, Side::both)},
                                                          {"causal and padding",
                                                           Mask::causal() & Mask::padding({keys, keys - 3, 0})}};
    for (const auto& [what, mask] : masks) {
      CAPTURE(queries, keys, what);
      std::vector<std::vector<Array>> results;
      for (const bool fused : {true, false}) {
        const Tensor q(drawn({3, queries, 8}, -2, 2, 1), true), k(drawn({3, keys, 8}, -2, 2, 2), true),
            v(drawn({3, keys, 6}, -2, 2, 3), true);
        const AttentionOptions options{.heads = 2, .mask = mask};
        const AttentionResult made = fused ? attention(q, k, v, options) : composed_attention(q, k, v, options);
        made.output.backward(drawn(made.output.shape(), -1, 1, 4));
        results.push_back({made.output.value(), q.grad(), k.grad(), v.grad()});
      }
      for (std::size_t i = 0; i < results[0].size(); ++i) {
        CAPTURE(i);
        CHECK(testing::difference(results[0][i], results[1][i], tolerance, tolerance) == "");
      }
    }
  }
}

TEST_CASE("without a query keys and values have a gradient of zeros, whatever their memory held") {
  const auto dirty = [] { const Array garbage = full({2, 5, 8}, 777); };  // goes back to the pool
  const auto is_zero = [](const Array& a) {
    return std::all_of(a.data(), a.data() + a.size(), [](Real value) { return value == 0; });
  };
  const Tensor q(zeros({2, 0, 8}), true), k(drawn({2, 5, 8}, -1, 1, 1), true), v(drawn({2, 5, 8}, -1, 1, 2), true);
  const AttentionResult made = attention(q, k, v, {.heads = 2});
  dirty();
  made.output.backward(zeros(made.output.shape()));
  CHECK(is_zero(k.grad()));
  CHECK(is_zero(v.grad()));
}
