// The steps of attention one by one: equal to the fused operation to the byte, exact about hidden keys, ties and
// broken numbers, and clear about misuse.
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/attention.h"
#include "autograd/ops/attention_stages.h"
#include "autograd/ops/dropout.h"
#include "autograd/ops/heads.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/pair_scores.h"
#include "autograd/ops/rope.h"
#include "core/error.h"
#include "core/shape.h"
#include "tests/autograd/op_cases.h"

using namespace headlight;
using namespace headlight::op_test;
using Catch::Matchers::Contains;

namespace {

constexpr Real kInf = std::numeric_limits<Real>::infinity();
constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();

struct Weighting {
  std::string what;
  AttentionWeightOptions options;
  bool sink;
};

std::vector<Weighting> weightings() {
  return {{"softmax", {}, false},
          {"softmax with a sink", {}, true},
          {"sigmoid", {.kind = AttentionKind::sigmoid}, false},
          {"top 2", {.kind = AttentionKind::top_k, .top_k = 2}, false},
          {"top 2 with a sink", {.kind = AttentionKind::top_k, .top_k = 2}, true}};
}

/// One row of logits under a mask; weights, and gradient for a cotangent of ones, 2, 3, ...
struct Row {
  std::vector<Real> weights, gradient;
  Real sink = 0;
  std::size_t hidden_rows = 0;
};

Row row_of(const std::vector<Real>& logits, const Mask& mask, const Weighting& w, Real sink = 0) {
  Array values = uninitialized({1, 1, 1, logits.size()});
  std::copy(logits.begin(), logits.end(), values.data());
  const Tensor x(values, true), s(full({1, 1, 1}, sink), true);
  const AttentionWeightResult made = attention_weights(x, mask, w.options, w.sink ? s : Tensor());
  Array g = uninitialized(values.shape());
  for (std::size_t i = 0; i < g.size(); ++i) g.data()[i] = static_cast<Real>(i + 1);
  made.weights.backward(g);
  const auto list = [](const Array& a) { return std::vector<Real>(a.data(), a.data() + a.size()); };
  return {list(made.weights.value()), list(x.grad()), w.sink ? made.sink.value().data()[0] : Real{0}, made.hidden_rows};
}

Mask hides(const std::vector<int>& hidden) {
  Booleans bytes(Shape{hidden.size()});
  for (std::size_t i = 0; i < hidden.size(); ++i) bytes.data()[i] = hidden[i] != 0 ? 1 : 0;
  return Mask::forbid(bytes);
}

}  // namespace

TEST_CASE("the steps give the bytes of the fused attention, in values and gradients") {
  for (const std::size_t time : {7U, 70U}) {  // one tile of queries and several
    Booleans hidden(Shape{2, 1, time, time});
    for (std::size_t i = 0; i < hidden.size(); ++i) hidden.data()[i] = i % 5 == 0 || i < time ? 1 : 0;
    const std::vector<std::pair<std::string, Mask>> masks{
        {"none", {}},
        {"causal", Mask::causal()},
        {"padding", Mask::padding({time, 3})},
        {"a window", Mask::window(5, Side::both)},
        {"causal, padding, hidden rows", Mask::causal() & Mask::padding({time - 2, 0}) & Mask::forbid(hidden)},
        {"bias", Mask::bias(drawn({4, 1, time}, -1, 1, 8))}};
    for (const auto& [what, mask] : masks) {
      for (const double p : {0.0, 0.3}) {
        CAPTURE(time, what, p);
        const kernels::DropoutKey key{.seed = 5, .stream = 1, .step = 9};
        std::vector<std::vector<Array>> results;
        for (const bool staged : {false, true}) {
          const Tensor q(drawn({2, time, 12}, -2, 2, 1), true), k(drawn({2, time, 12}, -2, 2, 2), true),
              v(drawn({2, time, 20}, -2, 2, 3), true);
          AttentionResult made;
          if (staged) {
            const Real scale = static_cast<Real>(1 / std::sqrt(3.0));
            const Tensor logits = attention_scores(q, k, {.heads = 4, .scale = scale, .mask = mask});
            const AttentionWeightResult w = attention_weights(logits, mask);
            made = {attention_mix(dropout(w.weights, p, key), v, {.mask = mask}), w.weights, w.hidden_rows};
          } else {
            made = attention(q, k, v, {.heads = 4, .mask = mask, .dropout = p, .dropout_key = key});
          }
          made.output.backward(drawn(made.output.shape(), -1, 1, 4));
          results.push_back({made.output.value(), made.weights.value(), q.grad(), k.grad(), v.grad(),
                             scalar(static_cast<Real>(made.hidden_rows))});
        }
        for (std::size_t i = 0; i < results[0].size(); ++i) {
          CAPTURE(i);
          CHECK(same_bytes(results[0][i], results[1][i]));
        }
      }
    }
  }
}

TEST_CASE("grouped heads give the bytes of explicitly repeated heads, in values and gradients") {
  for (const std::size_t kv_heads : {1U, 2U, 3U, 6U}) {
    CAPTURE(kv_heads);
    std::vector<std::vector<Array>> results;
    for (const bool repeated : {false, true}) {
      const Tensor q(drawn({2, 5, 18}, -2, 2, 1), true), k(drawn({2, 4, kv_heads * 3}, -2, 2, 2), true),
          v(drawn({2, 4, kv_heads * 2}, -2, 2, 3), true), a(drawn({6, 3}, -1, 1, 4), true);
      const Tensor keys = repeated ? repeat_heads(k, kv_heads, 6) : k;
      const Tensor values = repeated ? repeat_heads(v, kv_heads, 6) : v;
      const std::size_t used = repeated ? 6 : kv_heads;
      std::vector<Array> all;
      for (const Tensor& logits : {attention_scores(q, keys, {.heads = 6, .kv_heads = used, .scale = Real{0.5}}),
                                   additive_scores(q, keys, a, 6, used), distance_scores(q, keys, 1, 6, used)}) {
        const Tensor z = attention_mix(attention_weights(logits, Mask::causal()).weights, values, {.kv_heads = used});
        z.backward(drawn(z.shape(), -1, 1, 5));
        for (const Tensor& made : {logits, z}) all.push_back(made.value());
        for (const Tensor& leaf : {q, k, v}) {
          all.push_back(leaf.grad());
          leaf.zero_grad();
        }
      }
      const AttentionResult fused =
          attention(q, keys, values, {.heads = 6, .kv_heads = used, .mask = Mask::padding({4, 3}), .dropout = 0.3});
      fused.output.backward(drawn(fused.output.shape(), -1, 1, 6));
      for (const Array& made : {fused.output.value(), fused.weights.value(), q.grad(), k.grad(), v.grad()}) {
        all.push_back(made);
      }
      results.push_back(all);
    }
    for (std::size_t i = 0; i < results[0].size(); ++i) {
      CAPTURE(i);
      CHECK(same_bytes(results[0][i], results[1][i]));
    }
  }
}

TEST_CASE("hidden keys have weight 0 and no gradient whatever stands there, in every kind of weights") {
  for (const Weighting& w : weightings()) {
    INFO(w.what);
    for (const Real garbage : {Real{3}, kNan, kInf, -kInf}) {
      Array bias = zeros({4});
      bias.data()[1] = -kInf;
      const Row by_bias = row_of({1, garbage, 2, Real{0.5}}, Mask::bias(bias), w);
      const Row row = row_of({1, garbage, 2, Real{0.5}}, hides({0, 1, 0, 0}), w);
      const Row clean = row_of({1, 0, 2, Real{0.5}}, hides({0, 1, 0, 0}), w);
      CHECK(row.weights[1] == 0);
      CHECK(row.gradient[1] == 0);
      CHECK(row.weights == clean.weights);
      CHECK(row.gradient == clean.gradient);
      CHECK(by_bias.weights == clean.weights);
      CHECK(by_bias.gradient == clean.gradient);
      CHECK(row.weights[2] > 0);
      CHECK(row.hidden_rows == 0);
    }
  }
}

TEST_CASE("a row whose keys are all hidden is 0 with zero gradient in every kind of weights, and counted") {
  const std::vector<std::pair<std::string, Mask>> ways{{"bytes", hides({1, 1, 1})},
                                                       {"a length", Mask::padding({0})},
                                                       {"a bias", Mask::bias(full({3}, -kInf))}};
  for (const Weighting& w : weightings()) {
    for (const auto& [how, mask] : ways) {
      CAPTURE(w.what, how);
      const Row row = row_of({1, kNan, 2}, mask, w, Real{0.5});
      CHECK(row.weights == std::vector<Real>(3, 0));
      CHECK(row.gradient == std::vector<Real>(3, 0));
      CHECK(row.hidden_rows == 1);
      if (w.sink) CHECK(row.sink == 1);
    }
  }
}

TEST_CASE("a visible logit of -infinity is weight 0, NaN and +infinity are NaN on the visible keys") {
  for (const Weighting& w : weightings()) {
    INFO(w.what);
    const Row row = row_of({1, -kInf, 2, 0}, hides({0, 0, 0, 1}), w);
    CHECK(row.weights[1] == 0);
    CHECK(row.weights[2] > row.weights[0]);
    CHECK(row_of({-kInf, -kInf}, {}, w).hidden_rows == 1);
    for (const Real broken : {kNan, kInf}) {
      const Row bad = row_of({1, broken, 2, 0}, hides({0, 0, 0, 1}), w);
      for (std::size_t k = 0; k < 3; ++k) CHECK(std::isnan(bad.weights[k]));
      CHECK(bad.weights[3] == 0);
      CHECK(bad.hidden_rows == 0);
    }
  }
}

TEST_CASE("top-k weights take the earlier of equal keys, and with a large k they are the softmax to the byte") {
  const Weighting two{"top 2", {.kind = AttentionKind::top_k, .top_k = 2}, false};
  CHECK(row_of({1, 1, 1, 1}, {}, two).weights == std::vector<Real>{0.5, 0.5, 0, 0});
  CHECK(row_of({0, 5, 5, 5}, hides({0, 1, 0, 0}), two).weights == std::vector<Real>{0, 0, 0.5, 0.5});
  const Weighting all{"top 9", {.kind = AttentionKind::top_k, .top_k = 9}, false};
  const std::vector<Real> logits{Real{0.25}, -1, 2, Real{0.75}, Real{-0.125}};
  CHECK(row_of(logits, Mask::window(3), all).weights == row_of(logits, Mask::window(3), {}).weights);
}

TEST_CASE("a sink far above or below all logits takes everything or nothing") {
  const Weighting w{"softmax with a sink", {}, true};
  const Row low = row_of({1, 2, 3}, {}, w, -2000), high = row_of({1, 2, 3}, {}, w, 2000);
  CHECK(low.sink == 0);
  CHECK(high.sink == 1);
  CHECK(high.weights == std::vector<Real>(3, 0));
  const std::vector<Real> plain = row_of({1, 2, 3}, {}, {}).weights;
  for (std::size_t k = 0; k < 3; ++k) CHECK(low.weights[k] == Approx(plain[k]));
  CHECK(row_of({1, 2, 3}, {}, w, -kInf).sink == 0);
  CHECK(std::isnan(row_of({1, 2, 3}, {}, w, kNan).weights[0]));
}

TEST_CASE("sigmoid weights of equal logits 0 are nearly those of a uniform softmax") {
  // 1 / (1 + n) for n visible keys: the bias -log n of the source.
  const Weighting w{"sigmoid", {.kind = AttentionKind::sigmoid}, false};
  for (const Real weight : row_of({0, 0, 0, 0}, {}, w).weights) CHECK(weight == Approx(0.2));
  CHECK(row_of({0, 0, 0, 0}, Mask::padding({1}), w).weights[0] == Approx(0.5));
}

TEST_CASE("rotated queries and keys meet in a product that depends on their distance alone") {
  for (const RopePairing pairing : {RopePairing::halves, RopePairing::adjacent}) {
    const Tensor q(drawn({1, 1, 8}, -1, 1, 1)), k(drawn({1, 1, 8}, -1, 1, 2));
    const auto product = [&](std::ptrdiff_t query, std::ptrdiff_t key) {
      const auto turned = [&](const Tensor& x, std::ptrdiff_t at) {
        return rope(x, {.heads = 1, .pairing = pairing, .offset = at});
      };
      return static_cast<double>(matmul(turned(q, query), turned(k, key), {.transpose_b = true}).item());
    };
    // 8 products of numbers below 1, each rounded four times.
    const double margin = 64 * static_cast<double>(std::numeric_limits<Real>::epsilon());
    CHECK(product(5, 3) == Approx(product(12, 10)).margin(margin));
    CHECK(product(5, 3) == Approx(product(0, -2)).margin(margin));
    CHECK(product(0, 0) == Approx(static_cast<double>(matmul(q, k, {.transpose_b = true}).item())).margin(margin));
    CHECK(product(5, 3) != Approx(product(3, 5)).margin(margin));
  }
}

TEST_CASE("the steps of attention say what does not fit") {
  const Tensor q(zeros({2, 3, 4})), k(zeros({2, 5, 4})), w(zeros({2, 2, 3, 5})), v(zeros({2, 5, 6}));
  CHECK_THROWS_WITH(attention_scores(q, Tensor(zeros({1, 5, 4})), {.heads = 2}),
                    "attention_scores: the batches differ; query (2, 3, 4), key (1, 5, 4)");
  CHECK_THROWS_WITH(attention_scores(q, k, {.heads = 3}),
                    "attention_scores: the widths do not fit 3 heads and 3 kv heads; query (2, 3, 4), key (2, 5, 4); "
                    "project the query to heads * size and the key to kv_heads * size");
  CHECK_THROWS_WITH(
      attention_scores(q, k, {.heads = 4, .kv_heads = 3}),
      "attention_scores: 3 kv heads do not divide 4 heads; each key and value head serves the same number "
      "of heads");
  CHECK_THROWS_AS(attention_scores(q, k, {.heads = 0}), ConfigError);
  CHECK_THROWS_AS(attention_scores(q, w, {.heads = 2}), ShapeError);
  CHECK_THROWS_WITH(attention_scores(q, k, {.scale = kInf}), Contains("the scale is not finite"));
  CHECK_THROWS_WITH(attention_mix(w, q), Contains("the weights are over another number of keys than value has"));
  CHECK_THROWS_WITH(attention_mix(w, Tensor(zeros({2, 5, 5}))), Contains("no multiple of 2 heads"));
  CHECK_THROWS_WITH(attention_mix(v, v), Contains("weights must be (B, H, Tq, Tk)"));
  CHECK_THROWS_WITH(attention_mix(w, Tensor(zeros({1, 5, 6}))), Contains("the batches differ"));
  CHECK_THROWS_WITH(attention_weights(v, {}), "attention_weights: logits must be (B, H, Tq, Tk); (2, 5, 6)");
  CHECK_THROWS_WITH(
      attention_weights(w, {}, {.kind = AttentionKind::top_k}),
      "attention_weights: top_k weights need a number of keys, and only they; k = 0; set kind = top_k and "
      "top_k >= 1, or neither");
  CHECK_THROWS_AS(attention_weights(w, {}, {.top_k = 3}), ConfigError);
  CHECK_THROWS_WITH(attention_weights(w, {}, {.kind = AttentionKind::sigmoid}, Tensor(zeros({2, 2, 3}))),
                    Contains("a sink takes nothing from sigmoid weights"));
  CHECK_THROWS_WITH(attention_weights(w, {}, {}, Tensor(zeros({2, 2}))),
                    "attention_weights: the sink must have one logit per row of the logits; sink (2, 2), logits (2, 2, "
                    "3, 5)");
  CHECK_THROWS_AS(attention_weights(w, Mask::padding({1})), ShapeError);
  CHECK_THROWS_AS(zero_hidden(v, {}), ShapeError);
  CHECK_THROWS_WITH(additive_scores(q, k, Tensor(zeros({2, 3})), 2, 2),
                    "additive_scores: the vector must be (H, D); vector (2, 3), 2 heads of size 2");
  CHECK_THROWS_WITH(additive_scores(q, k, Tensor(zeros({2, 2})), 2, 0), Contains("0 kv heads do not divide 2 heads"));
  CHECK_THROWS_WITH(distance_scores(q, v, 1, 2, 2), Contains("the widths do not fit"));
  CHECK_THROWS_WITH(distance_scores(q, k, kNan, 2, 2), Contains("the scale is not finite"));
  CHECK_THROWS_WITH(rope(q, {.heads = 4}),
                    "rope: the width is not 4 heads of an even size; (2, 3, 4); elements turn in pairs: choose an even "
                    "head size");
  CHECK_THROWS_WITH(rope(q, {.heads = 2, .base = 0}), "rope: the base must be finite and above 0; 0");
  CHECK_THROWS_WITH(split_heads(q, 3), Contains("no multiple of 3 heads"));
  CHECK_THROWS_WITH(merge_heads(q), "merge_heads: x must be (B, H, T, D); (2, 3, 4)");
  CHECK_THROWS_WITH(repeat_heads(q, 2, 3), Contains("3 heads are no multiple of 2 kv heads"));
}
