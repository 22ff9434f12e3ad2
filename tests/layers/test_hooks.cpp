// Hooks: reading changes nothing, overwriting changes what it should, names that fit nothing are refused.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/layout.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "core/shape.h"
#include "layers/dropout.h"
#include "layers/hooks.h"
#include "tests/common/arrays.h"
#include "tests/layers/model_runs.h"
#include "tests/layers/random_attention.h"

using namespace headlight;
using namespace headlight::layer_test;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

const HookPoint kPoints[] = {HookPoint::input, HookPoint::output,       HookPoint::query,   HookPoint::key,
                             HookPoint::value, HookPoint::logits,       HookPoint::weights, HookPoint::used_weights,
                             HookPoint::z,     HookPoint::contributions};

/// A dot product of its own with dropout, so each call draws a key.
class DroppingDot : public AttentionScore {
 public:
  DroppingDot() : dropout_(child<Dropout>("dropout", 0.5)) {}
  Tensor forward(const Tensor& query, const Tensor& key, const Context& context) override {
    return dropout_(matmul(query, transpose(key, {0, 1, 3, 2})), context);
  }

 private:
  Dropout& dropout_;
};

struct Run {
  Array output;
  std::vector<Array> gradients;
};

/// Forward and backward of a layer on one sequence, in training.
Run run(MultiHeadAttention& layer, const Array& x, const Mask& mask, const Hooks* hooks) {
  StepRandom random(3, 4);
  const Tensor input(x, true);
  const Tensor y = layer(input, {.training = true, .random = &random, .mask = mask, .hooks = hooks});
  for (const NamedParameter& parameter : layer.parameters()) parameter.tensor.zero_grad();
  y.backward(drawn(y.shape(), -1, 1, 9));
  Run made{y.value(), {input.grad()}};
  for (const NamedParameter& parameter : layer.parameters()) made.gradients.push_back(parameter.tensor.grad());
  return made;
}

bool same(const Run& a, const Run& b) {
  return same_bytes(a.output, b.output) &&
         std::equal(a.gradients.begin(), a.gradients.end(), b.gradients.begin(), b.gradients.end(), same_bytes);
}

}  // namespace

TEST_CASE("reading every point of an attention changes no byte of outputs and gradients, whatever the options") {
  for (std::uint64_t n = 0; n < combinations(100); ++n) {
    RandomAttention r = random_attention(n, true);
    r.options.dropout = n % 2 == 0 ? 0.3 : 0;
    INFO(r.what);
    const auto layer = build(r);
    Hooks hooks(*layer);
    std::map<HookPoint, Shape> seen;
    for (const HookPoint point : kPoints) {
      hooks.read("", point, [&seen, point](const std::string&, const Tensor& value) { seen[point] = value.shape(); });
    }
    CHECK(same(run(*layer, r.query, r.mask, nullptr), run(*layer, r.query, r.mask, &hooks)));
    const MultiHeadAttentionOptions& o = layer->options();
    const std::size_t batch = r.query.shape()[0], time = r.query.shape()[1];
    CHECK(seen[HookPoint::input] == Shape{batch, time, o.d_model});
    CHECK(seen[HookPoint::output] == Shape{batch, time, o.out_size});
    CHECK(seen[HookPoint::query] == Shape{batch, o.heads, time, o.head_size});
    CHECK(seen[HookPoint::key] == Shape{batch, o.kv_heads, time, o.head_size});
    CHECK(seen[HookPoint::value] == Shape{batch, o.kv_heads, time, o.value_size});
    CHECK(seen[HookPoint::logits] == Shape{batch, o.heads, time, time});
    CHECK(seen[HookPoint::weights] == Shape{batch, o.heads, time, time});
    CHECK(seen[HookPoint::used_weights] == Shape{batch, o.heads, time, time});
    CHECK(seen[HookPoint::z] == Shape{batch, o.heads, time, o.value_size});
    CHECK(seen[HookPoint::contributions] == Shape{batch, o.heads, time, o.out_size});
  }
}

TEST_CASE("a score that draws randomness draws the same with and without a reader of logits") {
  Init init(2);
  MultiHeadAttention layer({.d_model = 6,
                            .heads = 2,
                            .dropout = 0.3,
                            .user_score = [](const ScoreSize&, Init&) { return std::make_unique<DroppingDot>(); }},
                           init);
  const Array x = drawn({2, 5, 6}, -1, 1, 3);
  Hooks hooks(layer);
  std::size_t reads = 0;
  hooks.read("", HookPoint::logits, [&](const std::string&, const Tensor&) { ++reads; });
  const Run plain = run(layer, x, Mask::causal(), nullptr);
  CHECK(same(plain, run(layer, x, Mask::causal(), &hooks)));
  CHECK(reads == 1);
}

TEST_CASE("overwriting a point with what is there changes nothing beyond rounding") {
  // The way with overwritten contributions adds the heads in another order.
  const double tolerance = sizeof(Real) == 8 ? 1e-12 : 1e-5;
  for (std::uint64_t n = 0; n < combinations(100); ++n) {
    const RandomAttention r = random_attention(n, true);
    INFO(r.what);
    const auto layer = build(r);
    const Run plain = run(*layer, r.query, r.mask, nullptr);
    for (const HookPoint point : kPoints) {
      INFO(name_of(point));
      Hooks hooks(*layer);
      hooks.overwrite("*", point, [](const std::string&, const Tensor& value) { return value * Real{1}; });
      const Run changed = run(*layer, r.query, r.mask, &hooks);
      CHECK(difference(changed.output, plain.output, tolerance, tolerance) == "");
      for (std::size_t i = 0; i < plain.gradients.size(); ++i) {
        CHECK(difference(changed.gradients[i], plain.gradients[i], 10 * tolerance, 10 * tolerance) == "");
      }
    }
  }
}

TEST_CASE("the staged path gives the bytes of the fused one, in values and gradients") {
  // Overwriting the logits by themselves makes the difference. Without a bias in the mask both compute the same.
  for (const ScoreKind score : {ScoreKind::scaled_dot, ScoreKind::dot, ScoreKind::bilinear, ScoreKind::cosine}) {
    for (const std::size_t kv_heads : {4U, 2U, 1U}) {
      for (const Mask& mask : {Mask(), Mask::causal(), Mask::padding({9, 4}) & Mask::window(3, Side::both)}) {
        CAPTURE(name_of(score), kv_heads);
        Init init(2);
        MultiHeadAttention layer({.d_model = 8, .heads = 4, .kv_heads = kv_heads, .dropout = 0.2, .score = score},
                                 init);
        const Array x = drawn({2, 9, 8}, -1, 1, 5);
        Hooks hooks(layer);
        hooks.overwrite("", HookPoint::logits, [](const std::string&, const Tensor& logits) { return logits; });
        CHECK(same(run(layer, x, mask, nullptr), run(layer, x, mask, &hooks)));
      }
    }
  }
}

TEST_CASE("an overwritten head is gone from the output, and nothing else") {
  Init init(1);
  MultiHeadAttention layer({.d_model = 6, .heads = 3}, init);
  const Tensor x(drawn({2, 4, 6}, -1, 1, 1));
  const AttentionOutput plain = layer.attend(x, x, x, {}, {});
  const Array parts = layer.contributions(plain.heads).value();
  for (const HookPoint point : {HookPoint::z, HookPoint::contributions, HookPoint::weights, HookPoint::used_weights}) {
    INFO(name_of(point));
    Hooks hooks(layer);
    hooks.overwrite("", point, [](const std::string&, const Tensor& value) {
      Array without = value.value();
      const std::size_t head = without.size() / without.shape()[0] / without.shape()[1];
      for (std::size_t b = 0; b < without.shape()[0]; ++b) {
        for (std::size_t i = 0; i < head; ++i) without.data()[(b * 3 + 1) * head + i] = 0;
      }
      return Tensor(without);
    });
    Array expected = plain.output.value();
    for (std::size_t b = 0; b < 2; ++b) {
      for (std::size_t i = 0; i < 24; ++i) expected.data()[b * 24 + i] -= parts.data()[(b * 3 + 1) * 24 + i];
    }
    const Tensor y = layer(x, {.hooks = &hooks});
    CHECK(difference(y.value(), expected, 0, 64 * static_cast<double>(std::numeric_limits<Real>::epsilon())) == "");
  }
}

TEST_CASE("a whole model is read and patched by path, residual stream included") {
  Init init(5);
  Model model(small_model(), init);
  const Array plain = run_model(model, some_ids(), some_targets(), {}).logits;
  Hooks hooks(model);
  CHECK(hooks.paths(HookPoint::logits) == std::vector<std::string>{"layers.0.attention", "layers.1.attention"});
  std::vector<std::string> read;
  hooks.read("layers.*.attention", HookPoint::weights,
             [&](const std::string& path, const Tensor&) { read.push_back(path); });
  Array stream;
  hooks.read("layers.0", HookPoint::output, [&](const std::string&, const Tensor& x) { stream = x.value(); });
  CHECK(same_bytes(run_model(model, some_ids(), some_targets(), {.hooks = &hooks}).logits, plain));
  CHECK(read == std::vector<std::string>{"layers.0.attention", "layers.1.attention"});

  // The stream behind the first block put into a run on other ids gives the first run's result.
  Tokens other = some_ids();
  for (std::int32_t& id : flat(other)) id = (id + 1) % 7;
  const NoGrad guard;  // no gradient would reach what lies before the patch
  Hooks patch(model);
  patch.overwrite("layers.0", HookPoint::output, [&](const std::string&, const Tensor&) { return Tensor(stream); });
  CHECK_FALSE(same_bytes(run_model(model, other, some_targets(), {}).logits, plain));
  CHECK(same_bytes(run_model(model, other, some_targets(), {.hooks = &patch}).logits, plain));
}

TEST_CASE("the projection's own points are there behind overwritten contributions, with every way to combine heads") {
  for (const CombineKind combine : {CombineKind::concat, CombineKind::sum}) {
    Init init(1);
    MultiHeadAttention layer({.d_model = 6, .heads = 3, .combine = combine}, init);
    const Tensor x(drawn({2, 4, 6}, -1, 1, 1));
    Hooks hooks(layer);
    hooks.overwrite("", HookPoint::contributions,
                    [](const std::string&, const Tensor& parts) { return parts * Real{2}; });
    Array input, output;
    hooks.read("output", HookPoint::input, [&](const std::string&, const Tensor& value) { input = value.value(); });
    hooks.read("output", HookPoint::output, [&](const std::string&, const Tensor& value) { output = value.value(); });
    const Array y = layer(x, {.hooks = &hooks}).value();
    CHECK(same_bytes(output, y));
    // What the projection reads is what it reads without an overwrite.
    Array plain_input;
    Hooks plain(layer);
    plain.read("output", HookPoint::input,
               [&](const std::string&, const Tensor& value) { plain_input = value.value(); });
    layer(x, {.hooks = &plain});
    CHECK(same_bytes(input, plain_input));
    // And what it gives can be overwritten in turn.
    hooks.overwrite("output", HookPoint::output,
                    [](const std::string&, const Tensor& value) { return value * Real{0}; });
    CHECK(same_bytes(layer(x, {.hooks = &hooks}).value(), Array(y * Real{0})));
    hooks.overwrite("output", HookPoint::input, [](const std::string&, const Tensor& value) { return value; });
    CHECK_THROWS_WITH(layer(x, {.hooks = &hooks}),
                      "hooks: two overwrites decide what `output` gives; contributions of ``, input of `output`; "
                      "overwrite z of the attention instead of its projection's input");
  }
}

TEST_CASE("the embeddings and the residual stream around each step are read and patched by name") {
  Init init(5);
  Model model(small_model(), init);
  Hooks hooks(model);
  std::map<std::string, Array> read;
  hooks.read("*", HookPoint::output, [&](const std::string& path, const Tensor& x) { read[path] = x.value(); });
  Array before, between;
  hooks.read("layers.0", HookPoint::input, [&](const std::string&, const Tensor& x) { before = x.value(); });
  const Array plain = run_model(model, some_ids(), some_targets(), {.hooks = &hooks}).logits;
  CHECK(same_bytes(run_model(model, some_ids(), some_targets(), {}).logits, plain));
  // embedding() of the table is what `embedding` returns; it joins the positions before the first block.
  CHECK(read.count("embedding") == 1);
  CHECK(read["embedding"].shape() == before.shape());
  CHECK_FALSE(same_bytes(read["embedding"], before));
  // The stream behind a step is the one before plus what the step adds; behind the last step the block's output.
  const Array sum = before + read["layers.0.attention"];
  CHECK(same_bytes(read["layers.0.attention_residual"], sum));
  CHECK(same_bytes(read["layers.0.feed_forward_residual"], read["layers.0"]));

  // The same places put into a run on other ids give the first run's result.
  Tokens other = some_ids();
  for (std::int32_t& id : flat(other)) id = (id + 1) % 7;
  const NoGrad guard;
  CHECK_FALSE(same_bytes(run_model(model, other, some_targets(), {}).logits, plain));
  for (const char* place : {"embedding", "layers.0.feed_forward_residual"}) {
    INFO(place);
    Hooks patch(model);
    patch.overwrite(place, HookPoint::output,
                    [&](const std::string& path, const Tensor&) { return Tensor(read[path]); });
    CHECK(same_bytes(run_model(model, other, some_targets(), {.hooks = &patch}).logits, plain));
  }
}

TEST_CASE("overwrites run in order, before the reads, and gradients flow through them") {
  Init init(1);
  MultiHeadAttention layer({.d_model = 2}, init);
  Hooks hooks(layer);
  const Tensor factor(full({1}, 3), true);
  Array seen;
  hooks.read("", HookPoint::z, [&](const std::string&, const Tensor& z) { seen = z.value(); });
  hooks.overwrite("", HookPoint::z, [](const std::string&, const Tensor& z) { return z * Real{0} + Real{2}; });
  hooks.overwrite("", HookPoint::z, [&](const std::string&, const Tensor& z) { return z * factor; });
  const Tensor y = layer(Tensor(drawn({1, 2, 2}, -1, 1, 1)), {.hooks = &hooks});
  CHECK(same_bytes(seen, full({1, 1, 2, 2}, 6)));
  sum(y).backward();
  CHECK(factor.has_grad());
}

TEST_CASE("hooks that fit nothing or change a shape are refused by name") {
  Init init(5);
  Model model(small_model(), init);
  Hooks hooks(model);
  const auto keep = [](const std::string&, const Tensor& x) { return x; };
  CHECK_THROWS_WITH(hooks.overwrite("layers.2.attention", HookPoint::weights, keep),
                    "hooks: no layer with the point weights is called `layers.2.attention`; there are "
                    "`layers.0.attention`, `layers.1.attention`");
  CHECK_THROWS_WITH(hooks.read("layers.0.feed_forward", HookPoint::logits, [](const std::string&, const Tensor&) {}),
                    Catch::Matchers::Contains("no layer with the point logits"));
  CHECK_THROWS_WITH(hooks.overwrite("*", HookPoint::z, nullptr), "hooks: the function for z of `*` is empty");
  hooks.overwrite("*0.attention", HookPoint::z, [](const std::string&, const Tensor&) { return Tensor(zeros({1})); });
  CHECK_THROWS_WITH(run_model(model, some_ids(), some_targets(), {.hooks = &hooks}),
                    Catch::Matchers::Contains(
                        "hooks: the overwrite of z in `layers.0.attention` changes its shape; (1) "
                        "instead of "));
}
