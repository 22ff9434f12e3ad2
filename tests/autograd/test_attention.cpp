// Attention against its composed partner, and the promises about hidden keys.
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/attention.h"
#include "autograd/ops/reduce.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "core/shape.h"
#include "tests/autograd/op_cases.h"

using namespace headlight;
using namespace headlight::op_test;
using Catch::Matchers::Contains;

namespace {

struct Problem {
  Array query, key, value;
  AttentionOptions options;
};

/// A random problem of at most 3 batch members, 3 heads and 9 positions, under a random composition of mask rules in
/// which at least one row sees nothing.
Problem random_problem(std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  const auto below = [&engine](std::size_t n) { return static_cast<std::size_t>(engine() % n); };
  const std::size_t batch = 1 + below(3), heads = 1 + below(3), queries = 1 + below(9), keys = 1 + below(9);
  const std::size_t head_size = 1 + below(4), value_size = 1 + below(4);
  Problem problem{drawn({batch, queries, heads * head_size}, -2, 2, seed + 1),
                  drawn({batch, keys, heads * head_size}, -2, 2, seed + 2),
                  drawn({batch, keys, heads * value_size}, -2, 2, seed + 3),
                  {.heads = heads}};
  Mask mask;
  if (below(2) == 0) mask = mask & Mask::causal(below(2) == 0 ? Align::ends : Align::starts);
  if (below(2) == 0) mask = mask & Mask::window(1 + below(keys));
  if (below(2) == 0) {
    std::vector<std::size_t> lengths(batch);
    for (std::size_t& length : lengths) length = below(keys + 1);
    mask = mask & Mask::padding(lengths);
  }
  if (below(2) == 0) mask = mask & Mask::bias(drawn({heads, 1, keys}, -1, 1, seed + 4));
  Booleans hidden(Shape{batch, below(2) == 0 ? 1 : heads, queries, keys});
  for (std::uint8_t& byte : hidden) byte = below(4) == 0 ? 1 : 0;
  const std::size_t row = below(hidden.size() / keys);
  for (std::size_t k = 0; k < keys; ++k) hidden.data()[row * keys + k] = 1;
  problem.options.mask = mask & Mask::forbid(hidden);
  return problem;
}

bool all_zero(const Array& a) {
  for (const Real value : flat(a)) {
    if (value != 0) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("fused and composed attention agree in values and gradients under random masks and dropout") {
  // Both orders of summation err by at most (terms) * epsilon * (magnitude): 30 terms of magnitude below 30.
  const double tolerance = 2000 * static_cast<double>(std::numeric_limits<Real>::epsilon());
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Problem problem = random_problem(1000 * seed);
    problem.options.dropout = seed % 3 == 0 ? 0.3 : 0;
    problem.options.dropout_key = {.seed = seed, .stream = 1, .step = 2};
    CAPTURE(seed);
    std::vector<std::vector<Array>> results;
    for (const bool composed : {false, true}) {
      const Tensor q(problem.query, true), k(problem.key, true), v(problem.value, true);
      const AttentionResult result =
          composed ? composed_attention(q, k, v, problem.options) : attention(q, k, v, problem.options);
      result.output.backward(drawn(result.output.shape(), -1, 1, seed));
      result.weights.backward(drawn(result.weights.shape(), -1, 1, seed + 1));
      results.push_back({result.output.value(), result.weights.value(), q.grad(), k.grad(), v.grad(),
                         scalar(static_cast<Real>(result.hidden_rows))});
    }
    for (std::size_t i = 0; i < results[0].size(); ++i) {
      CAPTURE(i);
      CHECK(close(results[0][i], results[1][i], 0, tolerance));
    }
  }
}

TEST_CASE("rows whose keys are all hidden have zero weights, a zero result and pass no gradient") {
  std::size_t empty_rows = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const Problem problem = random_problem(7000 + 1000 * seed);
    const Tensor q(problem.query, true), k(problem.key, true), v(problem.value, true);
    const AttentionResult result = attention(q, k, v, problem.options);
    const Shape shape = result.weights.shape();
    const std::size_t value_size = v.extent(2) / shape[1];
    // A cotangent that is 1 on the results of empty rows and 0 elsewhere: nothing of it may come through.
    Array cotangent = zeros(result.output.shape());
    std::size_t counted = 0;
    for (std::size_t b = 0; b < shape[0]; ++b) {
      for (std::size_t h = 0; h < shape[1]; ++h) {
        for (std::size_t query = 0; query < shape[2]; ++query) {
          double visible = 0, sum = 0;
          for (std::size_t key = 0; key < shape[3]; ++key) {
            const bool hidden = !problem.options.mask.explain(shape, b, h, query, key).empty();
            const double weight = at(result.weights.value(), {b, h, query, key});
            if (hidden) CHECK(weight == 0);
            visible += hidden ? 0 : 1;
            sum += weight;
          }
          if (visible > 0) {
            CHECK(sum == Approx(1).margin(1e-5));
            continue;
          }
          ++counted;
          CHECK(sum == 0);
          for (std::size_t c = 0; c < value_size; ++c) {
            CHECK(at(result.output.value(), {b, query, h * value_size + c}) == 0);
            cotangent.data()[element_of({b, query, h * value_size + c}, cotangent.shape())] = 1;
          }
        }
      }
    }
    CHECK(counted == result.hidden_rows);
    CHECK(counted >= 1);
    empty_rows += counted;
    result.output.backward(cotangent);
    CHECK(all_zero(q.grad()));
    CHECK(all_zero(k.grad()));
    CHECK(all_zero(v.grad()));
  }
  CHECK(empty_rows >= 200);
}

TEST_CASE("attention gives the same bytes with and without a history") {
  const Problem problem = random_problem(3);
  const Tensor q(problem.query, true), k(problem.key, true), v(problem.value, true);
  const AttentionResult recorded = attention(q, k, v, problem.options);
  const NoGrad guard;
  const AttentionResult bare = attention(q, k, v, problem.options);
  CHECK(same_bytes(recorded.output.value(), bare.output.value()));
  CHECK(same_bytes(recorded.weights.value(), bare.weights.value()));
}

TEST_CASE("a mask explains what it hides") {
  const Mask mask = Mask::causal() & Mask::padding({2, 3}) & Mask::window(2);
  const Shape shape{2, 1, 3, 3};
  CHECK(mask.explain(shape, 0, 0, 1, 1).empty());
  CHECK(mask.explain(shape, 0, 0, 1, 2) ==
        "hidden by causal: key 2 lies after query 1, which sees keys up to 1; padding: batch member 0 has 2 keys, this "
        "is key 2");
  CHECK(mask.explain(shape, 1, 0, 2, 0) == "hidden by window: key 0 lies more than 1 back from query 2");
}

TEST_CASE("causal masks align the ends by default and the starts on request") {
  const Shape shape{1, 1, 2, 4};
  CHECK(Mask::causal().explain(shape, 0, 0, 0, 2).empty());
  CHECK_FALSE(Mask::causal().explain(shape, 0, 0, 0, 3).empty());
  CHECK(Mask::causal(Align::starts).explain(shape, 0, 0, 1, 1).empty());
  CHECK_FALSE(Mask::causal(Align::starts).explain(shape, 0, 0, 1, 2).empty());
}

TEST_CASE("attention and masks say what does not fit") {
  const Tensor q(zeros({2, 3, 4})), k(zeros({2, 7, 4})), v(zeros({2, 6, 4}));
  CHECK_THROWS_WITH(attention(q, k, v, {.heads = 2}),
                    "attention: key has 7 positions but value has 6; query (2, 3, 4), key (2, 7, 4), value (2, 6, 4); "
                    "pass the same sequence to both");
  CHECK_THROWS_WITH(attention(q, k, k, {.heads = 3}), Contains("no multiples of 3 heads"));
  CHECK_THROWS_WITH(attention(q, k, k, {.heads = 0}), Contains("at least one head"));
  CHECK_THROWS_WITH(attention(Tensor(zeros({3, 4})), k, k, {}), Contains("must be (B, T, C)"));
  CHECK_THROWS_WITH(attention(Tensor(zeros({1, 3, 4})), k, k, {}), Contains("batches differ"));
  CHECK_THROWS_WITH(attention(Tensor(zeros({2, 3, 5})), k, k, {}), Contains("differ in width"));
  for (const Real scale : {std::numeric_limits<Real>::infinity(), std::numeric_limits<Real>::quiet_NaN()}) {
    CHECK_THROWS_AS(attention(q, k, k, {.scale = scale}), ConfigError);
    CHECK_THROWS_WITH(attention(q, k, k, {.scale = scale}), Contains("attention: the scale is not finite"));
  }
  CHECK_THROWS_WITH(attention(q, k, k, {.dropout = 1}), Contains("outside [0, 1)"));
  CHECK_THROWS_WITH(
      attention(q, k, k, {.mask = Mask::allow(Booleans(Shape{2, 6}))}),
      "mask allow: the array does not broadcast to the scores (B, H, Tq, Tk); (2, 6) for scores (2, 1, 3, "
      "7); add axes of extent 1: a mask per batch member and key has shape (B, 1, 1, Tk)");
  CHECK_THROWS_WITH(attention(q, k, k, {.mask = Mask::padding({1, 2, 3})}), Contains("3 lengths, batch of 2"));
  CHECK_THROWS_WITH(attention(q, k, k, {.mask = Mask::padding({1, 8})}),
                    Contains("length 8 of batch member 1, 7 keys"));
  CHECK_THROWS_WITH(Mask::window(0), Contains("hides everything"));
  CHECK_THROWS_WITH(Mask::bias(full({2}, std::numeric_limits<Real>::infinity())), Contains("must be finite"));
}

TEST_CASE("explain and the rows agree on windows up to the largest number, with more queries than keys") {
  const Shape shape{1, 1, 7, 3};
  for (const std::size_t n : {std::size_t{1}, std::size_t{4}, std::size_t{1} << 62, std::size_t{1} << 63,
                              std::numeric_limits<std::size_t>::max()}) {
    CAPTURE(n);
    const Mask mask = Mask::window(n);
    const MaskRows rows(mask, shape);
    for (std::size_t q = 0; q < shape[2]; ++q) {
      const kernels::VisibleKeys keys = rows.row(0, 0, q);
      for (std::size_t k = 0; k < shape[3]; ++k) {
        const bool visible = k >= keys.begin && k < keys.end;
        CHECK(mask.explain(shape, 0, 0, q, k).empty() == visible);
        if (n > 6) CHECK(visible);
      }
    }
  }
}

TEST_CASE("biases that add up to infinity are refused, to -infinity they hide the key") {
  constexpr Real most = std::numeric_limits<Real>::max();
  const Shape shape{1, 1, 1, 2};
  const auto both = [](Real a, Real b) { return Mask::bias(full({2}, a)) & Mask::bias(full({2}, b)); };
  CHECK_THROWS_AS(MaskRows(both(most, most), shape), NumericError);
  CHECK_THROWS_WITH(MaskRows(both(most, most), shape), Contains("mask bias: biases add up to infinity"));
  const Tensor q(zeros({1, 1, 2})), k(zeros({1, 2, 2}));
  CHECK_THROWS_AS(attention(q, k, k, {.mask = both(most, most)}), NumericError);
  CHECK_THROWS_AS(composed_attention(q, k, k, {.mask = both(most, most)}), NumericError);
  // A hidden key stays hidden, whatever is added to it.
  const Mask first = Mask::bias(full({2}, -std::numeric_limits<Real>::infinity())) & both(most, most);
  CHECK(attention(q, k, k, {.mask = first}).hidden_rows == 1);
  CHECK(first.explain(shape, 0, 0, 0, 1) == "hidden by bias: -infinity at head 0, query 0, key 1");
  const Mask sunk = both(-most, -most);
  CHECK(attention(q, k, k, {.mask = sunk}).hidden_rows == 1);
  CHECK(composed_attention(q, k, k, {.mask = sunk}).hidden_rows == 1);
  CHECK(sunk.explain(shape, 0, 0, 0, 1) == "hidden by bias: the biases add up to -infinity at head 0, query 0, key 1");
}

TEST_CASE("an array with whole rows is read where it stands and outlives its mask") {
  Array bias = drawn({2, 1, 3, 4}, -1, 1, 1);
  const Array copy = bias;
  const Real* const stands = bias.data();
  const Shape shape{2, 5, 3, 4};
  std::optional<Mask> mask = Mask::causal() & Mask::bias(std::move(bias));
  const MaskRows rows(*mask, shape);
  mask.reset();
  CHECK(rows.row(0, 0, 0).bias == stands);
  for (std::size_t b = 0; b < shape[0]; ++b) {
    for (std::size_t q = 0; q < shape[2]; ++q) {
      const Real* const row = rows.row(b, 4, q).bias;
      for (std::size_t k = 0; k < shape[3]; ++k) CHECK(static_cast<double>(row[k]) == at(copy, {b, 0, q, k}));
    }
  }
  // One element for all keys has no rows to read.
  const MaskRows stretched(Mask::bias(full({3, 1}, 2)), shape);
  CHECK(stretched.row(1, 2, 2).bias[3] == 2);
}

TEST_CASE("a mask tells whether it is causal and how long each batch member is") {
  CHECK_FALSE(Mask().is_causal());
  CHECK_FALSE((Mask::window(2) & Mask::padding({3})).is_causal());
  CHECK((Mask::padding({3}) & Mask::causal(Align::starts)).is_causal());
  CHECK_FALSE(Mask::causal().lengths().has_value());
  CHECK((Mask::causal() & Mask::padding({3, 5, 2}) & Mask::padding({4, 1, 2})).lengths() ==
        std::vector<std::size_t>{3, 1, 2});
  CHECK_THROWS_WITH((Mask::padding({3}) & Mask::padding({4, 1})).lengths(),
                    "mask padding: two padding rules speak of different batches; 1 and 2 lengths; give one length per "
                    "batch member to each");
}
