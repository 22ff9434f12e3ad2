// Masks, feature by feature; features.tsv is the list.
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/check/check.h"
#include "autograd/ops/attention.h"
#include "tests/rows/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

/// Weights (1, 2, T, T) of two heads under a mask when all scores are equal: 1 / (visible keys).
Array uniform_weights(std::size_t time, const Mask& mask) {
  const Tensor zero(zeros({1, time, 2}));
  return attention(zero, zero, zero, {.heads = 2, .mask = mask}).weights.value();
}

/// The same worked out from a predicate.
template <class Visible>
Array expected_weights(std::size_t time, Visible visible) {
  return by_index({1, 2, time, time}, [&](const Index& i) {
    std::size_t count = 0;
    for (std::size_t k = 0; k < time; ++k) {
      if (visible(i[1], i[2], k)) ++count;
    }
    return visible(i[1], i[2], i[3]) ? 1.0 / static_cast<double>(count) : 0.0;
  });
}

template <class Visible>
void check_mask(const Mask& mask, Visible visible) {
  CHECK(difference(uniform_weights(4, mask), expected_weights(4, visible), kRounding, 0) == "");
}

Booleans booleans(const Shape& shape, const std::vector<int>& values) {
  Booleans made(shape);
  for (std::size_t i = 0; i < made.size(); ++i) made.data()[i] = static_cast<std::uint8_t>(values.at(i));
  return made;
}

}  // namespace

TEST_CASE("row 12: a window shows the last n keys, or as many on both sides, and is an option of the layer") {
  check_mask(Mask::causal() & Mask::window(2),
             [](std::size_t, std::size_t q, std::size_t k) { return k <= q && k + 2 > q; });
  check_mask(Mask::window(2, Side::both),
             [](std::size_t, std::size_t q, std::size_t k) { return k < q + 2 && k + 2 > q; });
  Init one(1), two(1);
  MultiHeadAttention windowed({.d_model = 4, .window = 2}, one), plain({.d_model = 4}, two);
  const Tensor x(drawn({1, 5, 4}, -1, 1, 1));
  CHECK(same_bytes(windowed(x, {.mask = Mask::causal()}).value(),
                   plain(x, {.mask = Mask::causal() & Mask::window(2)}).value()));
}

TEST_CASE("row 28: causal, padding, allow, forbid and bias say what they hide, and combine") {
  check_mask(Mask::causal(), [](std::size_t, std::size_t q, std::size_t k) { return k <= q; });
  check_mask(Mask::padding({3}), [](std::size_t, std::size_t, std::size_t k) { return k < 3; });
  const Booleans first = booleans({1, 4}, {1, 1, 0, 0});
  check_mask(Mask::allow(first), [](std::size_t, std::size_t, std::size_t k) { return k < 2; });
  check_mask(Mask::forbid(first), [](std::size_t, std::size_t, std::size_t k) { return k >= 2; });
  check_mask(Mask::causal() & Mask::padding({2}),
             [](std::size_t, std::size_t q, std::size_t k) { return k <= q && k < 2; });
  // Adding log 3 to one of two keys makes its odds 3 to 1; -infinity hides.
  const double hidden = -std::numeric_limits<double>::infinity();
  const Array weights = uniform_weights(3, Mask::bias(array({1, 3}, {0, std::log(3.0), hidden})));
  CHECK(difference(weights,
                   by_index({1, 2, 3, 3},
                            [](const Index& i) {
                              return std::vector<double>{0.25, 0.75, 0}[i[3]];
                            }),
                   kRounding, 0) == "");
}

TEST_CASE("row 29: each head may have a mask of its own") {
  const Booleans visible = booleans({2, 1, 4}, {1, 1, 1, 1, 1, 0, 0, 0});
  check_mask(Mask::allow(visible), [](std::size_t h, std::size_t, std::size_t k) { return h == 0 || k == 0; });
}

TEST_CASE("row N2: a row whose keys are all hidden has zero weights, result and gradients, and is counted") {
  const Tensor query(drawn({1, 3, 2}, -1, 1, 1), true), key(drawn({1, 3, 2}, -1, 1, 2), true),
      value(drawn({1, 3, 2}, -1, 1, 3), true);
  const Mask mask = Mask::allow(booleans({3, 3}, {1, 1, 1, 0, 0, 0, 1, 0, 0}));
  const AttentionResult result = attention(query, key, value, {.heads = 2, .mask = mask});
  CHECK(result.hidden_rows == 2);  // query 1 in both heads
  const Real* const z = result.output.value().data() + 2;
  CHECK((z[0] == 0 && z[1] == 0));
  Array seed = zeros({1, 3, 2});
  seed.data()[2] = seed.data()[3] = 1;  // of the hidden row alone
  result.output.backward(seed);
  for (const Tensor& input : {query, key, value}) CHECK(same_bytes(input.grad(), zeros({1, 3, 2})));
  // The layer gives the bias of its output there.
  Init init(1);
  MultiHeadAttention layer({.d_model = 2}, init);
  draw(layer);
  const Array output = layer(value, {.mask = Mask::padding({0})}).value();
  const Array bias = parameter_named(layer, "output.bias").value();
  CHECK(difference(output, by_index({1, 3, 2}, [&](const Index& i) { return at(bias, {i[2]}); }), 0, 0) == "");
}

TEST_CASE("row N3: a mask names the rule that hides a pair, and doubts a bias of zeros and ones") {
  const Mask mask = Mask::causal() & Mask::padding({2, 4});
  const Shape scores{2, 1, 4, 4};
  CHECK(mask.explain(scores, 1, 0, 2, 1) == "");
  CHECK(mask.explain(scores, 1, 0, 1, 3) == "hidden by causal: key 3 lies after query 1, which sees keys up to 1");
  const std::string both = mask.explain(scores, 0, 0, 1, 3);
  CHECK_THAT(both, Catch::Contains("causal") && Catch::Contains("; ") && Catch::Contains("padding"));
  CHECK(mask.warnings().empty());
  CHECK(Mask::bias(array({2, 2}, {0, 1, 1, 0})).warnings().size() == 1);
}

TEST_CASE("row N4: the leak test finds a lost causal mask and passes the layer that obeys it") {
  // A layer that forgets the mask it is given.
  class Forgetful : public Layer {
   public:
    explicit Forgetful(Init& init)
        : attention_(
              child<MultiHeadAttention>("attention", MultiHeadAttentionOptions{.d_model = 4, .heads = 2}, init)) {}
    Tensor forward(const Tensor& x, const Context& context) override {
      Context without = context;
      without.mask = {};
      return attention_(x, without);
    }

   private:
    MultiHeadAttention& attention_;
  };
  const CheckReport obeys = check_layer(
      [](Init& init) { return std::make_unique<MultiHeadAttention>(MultiHeadAttentionOptions{.d_model = 4}, init); },
      {.width = 4, .max_length = 6});
  CHECK(obeys.row("leak: causal").verdict == Verdict::passed);
  CHECK(obeys.row("leak: padding").verdict == Verdict::passed);
  const CheckReport leaks = check_layer([](Init& init) { return std::make_unique<Forgetful>(init); },
                                        {.width = 4, .max_length = 6, .promises = {.reach = Reach::mask}});
  CHECK(leaks.row("leak: causal").verdict == Verdict::failed);
  CHECK(leaks.row("leak: padding").verdict == Verdict::failed);
}
