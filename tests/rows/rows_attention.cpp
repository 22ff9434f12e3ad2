// The attention layer, feature by feature; features.tsv is the list. The partner is the definition in plain operations
// (tests/layers/reference_attention.h), or mathematics.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops.h"
#include "layers/hooks.h"
#include "tests/layers/reference_attention.h"
#include "tests/rows/rows.h"

using namespace headlight;
using namespace headlight::rows;
using layer_test::reference_attention;

namespace {

/// A layer with drawn parameters.
std::unique_ptr<MultiHeadAttention> built(const MultiHeadAttentionOptions& options) {
  Init init(3);
  auto layer = std::make_unique<MultiHeadAttention>(options, init);
  draw(*layer);
  return layer;
}

AttentionOutput attend(MultiHeadAttention& layer, const Tensor& x, const Mask& mask = {}) {
  return layer.attend(x, x, x, mask, {});
}

/// "" when a layer of width 4 equals the definition, in output and weights, without and with a causal mask.
std::string differs(const MultiHeadAttentionOptions& options) {
  const auto layer = built(options);
  const Tensor x(drawn({2, 5, 4}, -1, 1, 1));
  for (const Mask& mask : {Mask(), Mask::causal()}) {
    const AttentionOutput ours = attend(*layer, x, mask);
    const auto theirs = reference_attention(*layer, x, x, x, mask, scalar(0));
    const std::string what = difference(ours.output.value(), theirs.output.value(), kRounding, kRounding) +
                             difference(ours.weights.value(), theirs.weights.value(), kRounding, kRounding);
    if (!what.empty()) return what;
  }
  return "";
}

Shape shape_of(const Module& module, const std::string& name) { return parameter_named(module, name).shape(); }

}  // namespace

TEST_CASE("row 1: scaled dot-product attention by hand, to itself and to a memory") {
  const auto layer = built({.d_model = 1, .bias = false});
  for (const char* name : {"query.weight", "key.weight", "value.weight", "output.weight"}) {
    parameter_named(*layer, name).assign(full({1, 1}, 1));
  }
  // Query 1 against keys 0 and log 3, D = 1: weights 1/4 and 3/4 (the scale is 1).
  const double log3 = std::log(3.0);
  const Tensor query(full({1, 1, 1}, 1)), memory(array({1, 2, 1}, {0, log3}));
  const AttentionOutput result = layer->attend(query, memory, memory, {}, {});
  CHECK(difference(result.weights.value(), array({1, 1, 1, 2}, {0.25, 0.75}), kRounding, 0) == "");
  CHECK(difference(result.output.value(), array({1, 1, 1}, {0.75 * log3}), kRounding, 0) == "");
  CHECK(differs({.d_model = 4, .heads = 2}) == "");
  const auto cross = built({.d_model = 4, .heads = 2, .key_width = 3, .cross = true});
  const Tensor x(drawn({2, 3, 4}, -1, 1, 1)), source(drawn({2, 5, 3}, -1, 1, 2));
  const Tensor y = (*cross)(x, {.memory = &source, .memory_mask = Mask::padding({5, 2})});
  const auto expected = reference_attention(*cross, x, source, source, Mask::padding({5, 2}), scalar(0));
  CHECK(difference(y.value(), expected.output.value(), kRounding, kRounding) == "");
}

TEST_CASE("row 2: a number of heads that does not divide the width is refused with the nearest that do") {
  Init init(1);
  CHECK_THROWS_AS(MultiHeadAttention({.d_model = 12, .heads = 5}, init), ConfigError);
  CHECK_THROWS_WITH(MultiHeadAttention({.d_model = 12, .heads = 5}, init), Catch::Contains("use 4 or 6 heads"));
}

TEST_CASE("row 3: the head size is free") {
  const auto layer = built({.d_model = 4, .heads = 3, .head_size = 5});
  CHECK(shape_of(*layer, "query.weight") == Shape{15, 4});
  CHECK(shape_of(*layer, "output.weight") == Shape{4, 15});
  CHECK(differs({.d_model = 4, .heads = 3, .head_size = 5}) == "");
}

TEST_CASE("row 4: value size, key and value widths and output width are free") {
  const auto layer = built(
      {.d_model = 4, .heads = 2, .head_size = 3, .value_size = 5, .key_width = 6, .value_width = 7, .out_size = 8});
  CHECK(shape_of(*layer, "key.weight") == Shape{6, 6});
  CHECK(shape_of(*layer, "value.weight") == Shape{10, 7});
  const Tensor query(drawn({1, 2, 4}, -1, 1, 1)), key(drawn({1, 3, 6}, -1, 1, 2)), value(drawn({1, 3, 7}, -1, 1, 3));
  const Tensor output = layer->attend(query, key, value, {}, {}).output;
  CHECK(output.shape() == Shape{1, 2, 8});
  const auto expected = reference_attention(*layer, query, key, value, {}, scalar(0));
  CHECK(difference(output.value(), expected.output.value(), kRounding, kRounding) == "");
}

TEST_CASE("row 5: concatenated heads are one matrix product with the output projection") {
  const auto layer = built({.d_model = 4, .heads = 2});
  const AttentionOutput result = attend(*layer, Tensor(drawn({2, 3, 4}, -1, 1, 1)));
  CHECK(result.heads.shape() == Shape{2, 3, 4});
  const Tensor expected =
      linear(result.heads, parameter_named(*layer, "output.weight"), parameter_named(*layer, "output.bias"));
  CHECK(difference(result.output.value(), expected.value(), kRounding, kRounding) == "");
}

TEST_CASE("row 6: heads are summed before the projection on request") {
  const auto layer = built({.d_model = 4, .heads = 3, .head_size = 2, .combine = CombineKind::sum});
  CHECK(shape_of(*layer, "output.weight") == Shape{4, 2});
  const AttentionOutput result = attend(*layer, Tensor(drawn({2, 3, 4}, -1, 1, 1)));
  const Tensor total = sum(split_heads(result.heads, 3), {.axes = {1}});
  const Tensor expected =
      linear(total, parameter_named(*layer, "output.weight"), parameter_named(*layer, "output.bias"));
  CHECK(difference(result.output.value(), expected.value(), kRounding, kRounding) == "");
}

TEST_CASE("row 7: each head's contribution to the residual is what goes when the head is silent") {
  const auto layer = built({.d_model = 4, .heads = 2});
  const Tensor x(drawn({1, 3, 4}, -1, 1, 1));
  const AttentionOutput result = attend(*layer, x);
  const Array parts = layer->contributions(result.heads).value();
  CHECK(parts.shape() == Shape{1, 2, 3, 4});
  Hooks hooks(*layer);
  const Tensor keep(array({1, 2, 1, 1}, {1, 0}));
  hooks.overwrite("", HookPoint::z, [&](const std::string&, const Tensor& z) { return z * keep; });
  const Array without = (*layer)(x, {.hooks = &hooks}).value();
  const Array gone = by_index({1, 3, 4}, [&](const Index& i) { return at(result.output.value(), i) - at(without, i); });
  const Array second = by_index({1, 3, 4}, [&](const Index& i) { return at(parts, {0, 1, i[1], i[2]}); });
  CHECK(difference(gone, second, kRounding, kRounding) == "");
}

TEST_CASE("row 8: every score is its formula, a user's included") {
  for (const ScoreKind score : {ScoreKind::dot, ScoreKind::scaled_dot, ScoreKind::bilinear, ScoreKind::additive,
                                ScoreKind::cosine, ScoreKind::l2}) {
    INFO(name_of(score));
    CHECK(differs({.d_model = 4, .heads = 2, .score = score}) == "");
  }
  CHECK(differs({.d_model = 4, .heads = 2, .user_score = [](const ScoreSize& size, Init&) {
                   return std::make_unique<layer_test::LeaningDot>(size, 0.5);
                 }}) == "");
  const std::vector<std::string> names = registered_scores();
  CHECK(std::find(names.begin(), names.end(), "leaning_dot") != names.end());
}

TEST_CASE("row 9: weights are a softmax, independent sigmoids, or a softmax over the k best keys") {
  for (const AttentionKind kind : {AttentionKind::softmax, AttentionKind::sigmoid, AttentionKind::top_k}) {
    const std::size_t k = kind == AttentionKind::top_k ? 2 : 0;
    CHECK(differs({.d_model = 4, .heads = 2, .weights = kind, .top_k = k}) == "");
    const auto layer = built({.d_model = 4, .heads = 2, .weights = kind, .top_k = k});
    const Array weights = attend(*layer, Tensor(drawn({1, 5, 4}, -1, 1, 1))).weights.value();
    const Real* const row = weights.data();
    const auto positive = std::count_if(row, row + 5, [](Real w) { return w > 0; });
    CHECK(positive == (kind == AttentionKind::top_k ? 2 : 5));
    double total = 0;
    for (std::size_t key = 0; key < 5; ++key) total += static_cast<double>(row[key]);
    CHECK((std::abs(total - 1) < kRounding) == (kind != AttentionKind::sigmoid));
  }
}

TEST_CASE("row 10: values are convolved on request, looking back only where the mask is causal") {
  const MultiHeadAttentionOptions options{.d_model = 4, .heads = 2, .value = ValueKind::conv1d, .value_kernel = 3};
  CHECK(differs(options) == "");
  const auto layer = built(options);
  const Array x = drawn({1, 5, 4}, -1, 1, 1);
  Array moved = x;
  moved.data()[4 * 4] += 1;  // the last position
  for (const Mask& mask : {Mask::causal(), Mask()}) {
    const Array before = attend(*layer, Tensor(x), mask).output.value();
    const Array after = attend(*layer, Tensor(moved), mask).output.value();
    CHECK(std::equal(before.data(), before.data() + 16, after.data()) == mask.is_causal());
  }
}

TEST_CASE("row 11: grouped heads equal heads whose keys and values are repeated, byte for byte") {
  const Tensor query(drawn({2, 5, 8}, -1, 1, 1));
  for (const std::size_t kv_heads : {2U, 1U}) {
    CHECK(differs({.d_model = 4, .heads = 4, .kv_heads = kv_heads}) == "");
    const auto layer = built({.d_model = 8, .heads = 4, .kv_heads = kv_heads});
    CHECK(shape_of(*layer, "key.weight") == Shape{2 * kv_heads, 8});
    const auto run = [&](bool repeated) {
      Tensor key(drawn({2, 5, 2 * kv_heads}, -1, 1, 2), true), value(drawn({2, 5, 2 * kv_heads}, -1, 1, 3), true);
      const AttentionResult result =
          repeated ? attention(query, repeat_heads(key, kv_heads, 4), repeat_heads(value, kv_heads, 4), {.heads = 4})
                   : attention(query, key, value, {.heads = 4, .kv_heads = kv_heads});
      result.output.backward(drawn({2, 5, 8}, -1, 1, 4));
      return std::vector<Array>{result.output.value(), result.weights.value(), key.grad(), value.grad()};
    };
    const std::vector<Array> grouped = run(false), repeated = run(true);
    CHECK(std::equal(grouped.begin(), grouped.end(), repeated.begin(), same_bytes));
  }
}

TEST_CASE("row 14: a sink takes the part of the attention that no key deserves") {
  for (const SinkKind sink : {SinkKind::zero, SinkKind::learned}) {
    CHECK(differs({.d_model = 4, .heads = 2, .sink = sink}) == "");
    const auto layer = built({.d_model = 4, .heads = 2, .sink = sink});
    CHECK(has_parameter(*layer, "sink_key") == (sink == SinkKind::learned));
    const AttentionOutput result = attend(*layer, Tensor(drawn({1, 5, 4}, -1, 1, 1)), Mask::padding({3}));
    const Array total = (sum(result.weights, {.axes = {-1}}) + result.sink).value();
    CHECK(difference(total, full({1, 2, 5}, 1), kRounding, 0) == "");
    CHECK(*std::min_element(result.sink.value().begin(), result.sink.value().end()) > 0);
  }
}

TEST_CASE("row 15: logits stay below their cap, and normed queries have size 1") {
  const auto logits = [](double softcap, double scale) {
    const auto layer = built({.d_model = 4, .heads = 2, .softcap = softcap});
    Hooks hooks(*layer);
    Array seen;
    hooks.read("", HookPoint::logits, [&](const std::string&, const Tensor& value) { seen = value.value(); });
    (*layer)(Tensor(drawn({1, 5, 4}, -scale, scale, 1)), {.hooks = &hooks});
    return seen;
  };
  const Array plain = logits(0, 20), capped = logits(2, 20);
  const Array expected = by_index(plain.shape(), [&](const Index& i) { return 2 * std::tanh(at(plain, i) / 2); });
  CHECK(*std::max_element(plain.begin(), plain.end()) > 2);
  CHECK(difference(capped, expected, kRounding, 100 * kRounding) == "");

  Init init(1);
  MultiHeadAttention normed({.d_model = 4, .heads = 2, .qk_norm = true}, init);
  Hooks hooks(normed);
  Array query;
  hooks.read("", HookPoint::query, [&](const std::string&, const Tensor& value) { query = value.value(); });
  normed(Tensor(drawn({1, 3, 4}, 5, 9, 2)), {.hooks = &hooks});
  const Array size = mean(Tensor(query) * Tensor(query), {.axes = {-1}}).value();
  CHECK(difference(size, full({1, 2, 3}, 1), 1e-5, 0) == "");  // up to the norm's epsilon
}

TEST_CASE("row 16: talking heads mix scores and weights over heads by matrices that can be read") {
  CHECK(differs({.d_model = 4, .heads = 2, .talking_heads = true}) == "");
  const auto talking = built({.d_model = 4, .heads = 2, .talking_heads = true});
  const auto silent = built({.d_model = 4, .heads = 2});
  for (const NamedParameter& parameter : silent->parameters()) {
    parameter.tensor.assign(parameter_named(*talking, parameter.name).value());
  }
  parameter_named(*talking, "talking_scores").assign(array({2, 2}, {1, 0, 0, 1}));
  parameter_named(*talking, "talking_weights").assign(array({2, 2}, {0, 1, 1, 0}));
  const Tensor x(drawn({1, 5, 4}, -1, 1, 1));
  const Array mixed = attend(*talking, x).weights.value(), plain = attend(*silent, x).weights.value();
  const Array exchanged = by_index(plain.shape(), [&](const Index& i) {
    return at(plain, {i[0], 1 - i[1], i[2], i[3]});
  });
  CHECK(difference(mixed, exchanged, kRounding, kRounding) == "");
}

TEST_CASE("row N13: contributions of heads and bias sum to the output, for concatenated and summed heads") {
  for (const CombineKind combine : {CombineKind::concat, CombineKind::sum}) {
    const auto layer = built({.d_model = 4, .heads = 3, .head_size = 2, .value_size = 5, .combine = combine});
    const AttentionOutput result = attend(*layer, Tensor(drawn({2, 5, 4}, -1, 1, 1)), Mask::causal());
    CHECK(difference(sum_of_heads(*layer, result.heads), result.output.value(), kRounding, kRounding) == "");
  }
}
