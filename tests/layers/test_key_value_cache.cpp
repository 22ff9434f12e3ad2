// Generation with a cache against the whole sequence at once.
#include <cstddef>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/pieces.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "layers/key_value_cache.h"
#include "tests/common/arrays.h"
#include "tests/layers/random_attention.h"

using namespace headlight;
using namespace headlight::layer_test;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

/// What the issue promises for float; in double the same number of digits above the rounding.
constexpr double kCacheTolerance = sizeof(Real) == 8 ? 1e-11 : 1e-5;

Tensor positions(const Tensor& x, std::size_t begin, std::size_t end) {
  return slice(x, {.axis = 1, .begin = static_cast<std::ptrdiff_t>(begin), .end = static_cast<std::ptrdiff_t>(end)});
}

/// The layer's outputs for x, `step` positions at a time.
Array stepwise(Layer& layer, const Tensor& x, const Mask& mask, std::size_t step, KeyValueCache& cache) {
  std::vector<Tensor> outputs;
  for (std::size_t t = 0; t < x.extent(1); t += step) {
    const Tensor now = positions(x, t, std::min(t + step, x.extent(1)));
    outputs.push_back(layer(now, {.mask = mask, .cache = &cache, .offset = cache.length()}));
  }
  return concat(outputs, 1).value();
}

MultiHeadAttentionOptions rich() {
  return {.d_model = 4,
          .heads = 4,
          .kv_heads = 2,
          .head_size = 2,
          .value = ValueKind::conv1d,
          .value_kernel = 3,
          .positions = AttentionPositions::rope};
}

}  // namespace

TEST_CASE("attention in steps with a cache gives what the whole sequence gives, for random options") {
  for (std::uint64_t n = 0; n < combinations(300); ++n) {
    const RandomAttention r = random_attention(n, true);
    INFO(r.what);
    const auto layer = build(r);
    const NoGrad guard;
    const Tensor x(drawn({2, 6, r.options.d_model}, -1.5, 1.5, n));
    const Tensor whole = (*layer)(x, {.mask = Mask::causal()});
    for (const std::size_t step : {1U, 2U, 4U}) {
      KeyValueCache cache;
      CHECK(difference(stepwise(*layer, x, Mask::causal(), step, cache), whole.value(), kCacheTolerance,
                       kCacheTolerance) == "");
      CHECK(cache.length() == 6);
    }
  }
}

TEST_CASE("cross-attention computes the keys of its memory once") {
  Init init(1);
  MultiHeadAttention layer(
      {.d_model = 4, .heads = 2, .key_width = 3, .cross = true, .value = ValueKind::conv1d, .value_kernel = 2}, init);
  const NoGrad guard;
  const Tensor x(drawn({2, 3, 4}, -1, 1, 1)), memory(drawn({2, 5, 3}, -1, 1, 2));
  const Mask mask = Mask::padding({5, 2});
  const Tensor whole = layer(x, {.memory = &memory, .memory_mask = mask});
  KeyValueCache cache;
  const Tensor other(drawn({2, 5, 3}, -1, 1, 3));
  for (std::size_t t = 0; t < 3; ++t) {
    // The second and third call do not look at the memory.
    const Tensor* const seen = t == 0 ? &memory : &other;
    const Tensor y = layer(positions(x, t, t + 1), {.memory = seen, .memory_mask = mask, .cache = &cache, .offset = t});
    CHECK(difference(y.value(), positions(whole, t, t + 1).value(), 0, kCacheTolerance) == "");
  }
  CHECK(cache.length() == 0);
}

TEST_CASE("reordering a cache continues from other members, truncating it from an earlier position") {
  Init init(1);
  MultiHeadAttention layer(rich(), init);
  const NoGrad guard;
  const Array first = drawn({3, 4, 4}, -1, 1, 1);
  const Tensor x(first);
  KeyValueCache cache;
  stepwise(layer, x, Mask::causal(), 1, cache);
  cache.reorder({2, 2, 0, 1});
  cache.truncate(2);
  CHECK(cache.length() == 2);
  Array expected_input = uninitialized({4, 4, 4});
  const std::size_t members[] = {2, 2, 0, 1};
  const Array later = drawn({4, 2, 4}, -1, 1, 2);
  for (std::size_t b = 0; b < 4; ++b) {
    for (std::size_t i = 0; i < 8; ++i) {
      expected_input.data()[b * 16 + i] = first.data()[members[b] * 16 + i];
      expected_input.data()[b * 16 + 8 + i] = later.data()[b * 8 + i];
    }
  }
  const Array continued = stepwise(layer, Tensor(later), Mask::causal(), 1, cache);
  const Tensor whole = layer(Tensor(expected_input), {.mask = Mask::causal()});
  CHECK(difference(continued, positions(whole, 2, 4).value(), 0, kCacheTolerance) == "");
  cache.clear();
  CHECK(cache.length() == 0);
  CHECK(difference(stepwise(layer, x, Mask::causal(), 3, cache), layer(x, {.mask = Mask::causal()}).value(), 0,
                   kCacheTolerance) == "");
}

TEST_CASE("a cache refuses what would give wrong results") {
  Init init(1);
  MultiHeadAttention layer(rich(), init);
  const NoGrad guard;
  const Tensor x(drawn({2, 3, 4}, -1, 1, 1));
  KeyValueCache cache;
  const Mask mask = Mask::causal();
  StepRandom random(1, 1);
  CHECK_THROWS_WITH(
      layer(x, {.training = true, .random = &random, .mask = mask, .cache = &cache}),
      "multi_head_attention: a cache keeps no history to train on; Context::cache and Context::training in "
      "``; train on whole sequences");
  CHECK_THROWS_WITH(layer(x, {.mask = mask, .cache = &cache, .offset = 2}),
                    "multi_head_attention: the cache of `` holds 0 positions but the input begins at 2; set "
                    "Context::offset to the cache's length()");
  // Without these rules a later call would mean something else than the same positions of the whole sequence do.
  for (const Mask& seeing_later :
       {Mask(), Mask::padding({3, 2}), Mask::window(2), Mask::allow(Booleans(Shape{3, 3}, 1))}) {
    CHECK_THROWS_WITH(
        layer(x, {.mask = seeing_later, .cache = &cache}),
        "multi_head_attention: with a cache earlier positions never see later keys; no causal rule in the "
        "mask of ``; add Mask::causal(), or use no cache");
  }
  for (const Mask& from_starts : {Mask::causal(Align::starts), Mask::causal() & Mask::causal(Align::starts)}) {
    CHECK_THROWS_WITH(
        layer(x, {.mask = from_starts, .cache = &cache}),
        "multi_head_attention: a causal mask aligned to starts takes the first new query for the first of "
        "all; Context::cache and Mask::causal(Align::starts) in ``; align the ends, as Mask::causal() "
        "does, or use no cache");
  }
  CHECK(cache.length() == 0);
  cache.clear();
  layer(x, {.mask = mask, .cache = &cache});
  CHECK_THROWS_WITH(layer(Tensor(zeros({1, 3, 4})), {.mask = mask, .cache = &cache, .offset = 3}),
                    "key_value_cache: the new positions do not fit those in the cache; cache (2, 3, 4), new (1, 3, 4); "
                    "use one cache per generation, and reorder() when the batch changes");
  CHECK_THROWS_WITH(cache.reorder({0, 2}), "key_value_cache: there is no batch member 2; the cache of `` has 2");
  CHECK_THROWS_WITH(cache.truncate(4), "key_value_cache: there are fewer positions to keep; 4 wanted, 3 held");
}
