// What a model predicts from: positions, means, pointers, tied tables.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/softmax.h"
#include "core/error.h"
#include "layers/embedding.h"
#include "layers/heads.h"
#include "layers/summary.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::at;
using headlight::testing::by_index;
using headlight::testing::difference;
using headlight::testing::drawn;
using headlight::testing::tokens;

namespace {

// Sums of up to ten numbers below 2.
constexpr double kHeadTolerance = sizeof(Real) == 8 ? 1e-14 : 1e-6;

const std::vector<std::size_t> kLengths{3, 0, 4, 1};

/// (4, 4, 2), NaN behind the lengths.
Array padded_input() {
  Array x = drawn({4, 4, 2}, -1, 1, 1);
  for (std::size_t b = 0; b < 4; ++b) {
    for (std::size_t i = kLengths[b] * 2; i < 8; ++i) x.data()[b * 8 + i] = std::numeric_limits<Real>::quiet_NaN();
  }
  return x;
}

/// A model in miniature: an embedding and a head tied to it.
class Tied : public Module {
 public:
  Tied(HeadKind kind, Init& init)
      : embedding(child<Embedding>("embedding", EmbeddingOptions{.vocabulary = 5, .width = 3, .scale = true}, init)),
        head(dynamic_cast<Layer&>(
            adopt("head", make_head({.width = 3, .outputs = 5, .kind = kind, .tied = embedding.weight()}, init)))) {}
  Embedding& embedding;
  Layer& head;
};

}  // namespace

TEST_CASE("the last real position is read, nothing else, and only it receives a gradient") {
  const Tensor x(padded_input(), true);
  const Tensor y = last_position(x, Mask::padding(kLengths));
  const Array expected = by_index({4, 2}, [&](const auto& i) {
    return kLengths[i[0]] == 0 ? 0.0 : at(x.value(), {i[0], kLengths[i[0]] - 1, i[1]});
  });
  CHECK(same_bytes(y.value(), expected));
  y.backward(full({4, 2}, 1));
  const Array g = by_index({4, 4, 2}, [&](const auto& i) { return i[1] + 1 == kLengths[i[0]] ? 1.0 : 0.0; });
  CHECK(same_bytes(x.grad(), g));
  const Tensor whole(drawn({2, 3, 2}, -1, 1, 2));
  const Array last = by_index({2, 2}, [&](const auto& i) { return at(whole.value(), {i[0], 2, i[1]}); });
  CHECK(same_bytes(last_position(whole, Mask::causal()).value(), last));
}

TEST_CASE("pooling is the mean over the real positions, which alone receive a gradient") {
  const Tensor x(padded_input(), true);
  const Tensor y = pooled_positions(x, Mask::padding(kLengths));
  const auto real = [&](std::size_t b, std::size_t t) { return t < kLengths[b]; };
  const Array expected = by_index({4, 2}, [&](const auto& i) {
    double sum = 0;
    for (std::size_t t = 0; t < kLengths[i[0]]; ++t) sum += at(x.value(), {i[0], t, i[1]});
    return kLengths[i[0]] == 0 ? 0.0 : sum / static_cast<double>(kLengths[i[0]]);
  });
  CHECK(difference(y.value(), expected, 0, kHeadTolerance) == "");
  y.backward(full({4, 2}, 1));
  const Array g = by_index({4, 4, 2}, [&](const auto& i) {
    return real(i[0], i[1]) ? 1 / static_cast<double>(kLengths[i[0]]) : 0.0;
  });
  CHECK(difference(x.grad(), g, 0, kHeadTolerance) == "");
}

TEST_CASE("a head computes the same at the positions it wants as everywhere") {
  for (const HeadKind kind : {HeadKind::linear, HeadKind::mlp}) {
    Init one(1), two(1);
    const HeadOptions options{.width = 2, .outputs = 3, .kind = kind};
    HeadOptions last = options;
    last.predict = Predict::last;
    const auto everywhere = make_head(options, one);
    const auto at_last = make_head(last, two);
    const Tensor x(drawn({3, 4, 2}, -1, 1, 3));
    const Context context{.mask = Mask::padding({2, 4, 1})};
    const Array all = (*everywhere)(x, context).value();
    const Array some = (*at_last)(x, context).value();
    CHECK(all.shape() == Shape{3, 4, 3});
    const std::vector<std::size_t> where{1, 3, 0};
    const Array expected = by_index({3, 3}, [&](const auto& i) { return at(all, {i[0], where[i[0]], i[1]}); });
    CHECK(difference(some, expected, 0, kHeadTolerance) == "");
  }
}

TEST_CASE("a pointer's logits are scaled products of one query with every position") {
  Init init(1);
  for (const Predict from : {Predict::last, Predict::pooled}) {
    PointerHead head({.width = 2, .pointer_query = from}, init);
    std::vector<Array> p;
    for (const NamedParameter& parameter : head.parameters()) p.push_back(parameter.tensor.value());
    CHECK(p.size() == 3);  // query.weight, query.bias, key.weight
    const Tensor x(drawn({2, 3, 2}, -1, 1, 4));
    const Tensor place = positions_to_predict(x, from, {});
    const Array expected = by_index({2, 3}, [&](const auto& i) {
      double dot = 0;
      for (std::size_t o = 0; o < 2; ++o) {
        double query = static_cast<double>(p[1].data()[o]), key = 0;
        for (std::size_t c = 0; c < 2; ++c) {
          query += static_cast<double>(p[0].data()[o * 2 + c]) * at(place.value(), {i[0], c});
          key += static_cast<double>(p[2].data()[o * 2 + c]) * at(x.value(), {i[0], i[1], c});
        }
        dot += query * key;
      }
      return dot / std::sqrt(2.0);
    });
    CHECK(difference(head(x, {}).value(), expected, 0, 10 * kHeadTolerance) == "");
  }
}

TEST_CASE("a pointer gives padded positions the weight 0 exactly, and no gradient passes them") {
  const std::vector<std::size_t> lengths{3, 1, 4, 2};
  Array x = drawn({4, 4, 2}, -1, 1, 5);
  for (std::size_t b = 0; b < 4; ++b) {
    for (std::size_t i = lengths[b] * 2; i < 8; ++i) x.data()[b * 8 + i] = std::numeric_limits<Real>::quiet_NaN();
  }
  Init init(1);
  PointerHead head({.width = 2, .pointer_query = Predict::pooled}, init);
  const Tensor input(x, true);
  const Context context{.mask = Mask::padding(lengths)};
  const Tensor logits = head(input, context);
  const Array weights = softmax(logits).value();
  for (std::size_t b = 0; b < 4; ++b) {
    for (std::size_t t = 0; t < 4; ++t) {
      CHECK((weights.data()[b * 4 + t] == 0) == (t >= lengths[b]));
      CHECK((logits.value().data()[b * 4 + t] == kExcludedLogit) == (t >= lengths[b]));
    }
  }
  const Tensor loss = cross_entropy(logits, tokens({4}, {2, 0, 3, 0}));
  CHECK(std::isfinite(loss.item()));
  loss.backward();
  for (std::size_t b = 0; b < 4; ++b) {
    for (std::size_t i = 0; i < 8; ++i) {
      const Real g = input.grad().data()[b * 8 + i];
      CHECK(std::isfinite(g));
      if (i >= lengths[b] * 2) CHECK(g == 0);
    }
  }
  for (const NamedParameter& parameter : head.parameters()) {
    for (const Real g : flat(parameter.tensor.grad())) CHECK(std::isfinite(g));
  }
  // The loss is that of the real positions alone: member 1 has one, so its loss is 0.
  CHECK(cross_entropy(head(Tensor(x), context), tokens({4}, {-100, 0, -100, -100})).item() == 0);
}

TEST_CASE("a tied head uses the embedding's table: one parameter, the sum of both gradients") {
  for (const HeadKind kind : {HeadKind::linear, HeadKind::mlp}) {
    Init init(1);
    Tied model(kind, init);
    std::size_t tables = 0;
    for (const NamedParameter& parameter : model.parameters()) {
      if (parameter.tensor.shape() == Shape{5, 3}) ++tables;
    }
    CHECK(tables == 1);
    CHECK(model.parameters().at(0).name == "embedding.weight");
    const Tokens ids = tokens({1, 2}, {0, 3});
    const auto gradient = [&](bool through_embedding) {
      model.embedding.weight().zero_grad();
      const Tensor x = model.embedding(ids);
      const Tensor y = model.head(through_embedding ? x : x.detach(), {});
      sum(y * y).backward();
      return Array(model.embedding.weight().grad());
    };
    const Array both = gradient(true);
    const Array head_alone = gradient(false);
    // Rows that no id looks up have the head's gradient alone; the others have more.
    for (const std::size_t row : {1u, 2u, 4u}) {
      for (std::size_t c = 0; c < 3; ++c) CHECK(at(both, {row, c}) == at(head_alone, {row, c}));
    }
    CHECK(at(both, {0, 0}) != at(head_alone, {0, 0}));
    CHECK(at(both, {3, 0}) != at(head_alone, {3, 0}));
  }
}

TEST_CASE("misuse of a head says what is wrong") {
  Init init(1);
  CHECK_THROWS_WITH(make_head({.width = 2}, init), "head: width and outputs must be at least 1; width 2, outputs 0");
  CHECK_THROWS_WITH(make_head({.width = 2, .outputs = 3, .predict = Predict::pointer}, init),
                    "head: a pointer has neither an mlp, nor a tied table, nor outputs of its own; outputs 3; use a "
                    "linear head without tied embeddings for predict pointer");
  CHECK_THROWS_WITH(LinearHead({.width = 2, .outputs = 3, .predict = Predict::pointer}, init),
                    "head: a pointer has a head of its own; predict pointer; use make_head or PointerHead");
  const Embedding embedding({.vocabulary = 4, .width = 2}, init);
  CHECK_THROWS_WITH(make_head({.width = 2, .outputs = 3, .tied = embedding.weight()}, init),
                    "head: the tied table does not fit; table (4, 2), outputs 3, width 2; tie_embeddings needs as "
                    "many classes as the input has tokens");
  CHECK_THROWS_WITH(PointerHead({.width = 2, .pointer_query = Predict::every}, init),
                    "pointer_head: a pointer looks from one place; set its query to last or pooled");
  CHECK_THROWS_WITH(PointerHead({}, init), "pointer_head: the width must be at least 1; width 0");
  CHECK_THROWS_WITH(last_position(Tensor(zeros({2, 3})), {}),
                    "head: x must be (B, T, C) with at least one position; (2, 3)");
  CHECK_THROWS_WITH(pooled_positions(Tensor(zeros({2, 0, 3})), {}),
                    "head: x must be (B, T, C) with at least one position; (2, 0, 3)");
  CHECK_THROWS_WITH(predict_of("first"),
                    "head: there is no place to predict `first`; use every, last, pooled or pointer");
  CHECK_THROWS_WITH(positions_to_predict(Tensor(zeros({1, 1, 1})), Predict::pointer, {}),
                    "head: a pointer reads every position; use PointerHead");
  HeadOptions batch{.width = 2, .outputs = 2, .kind = HeadKind::mlp};
  batch.normalization.type = NormType::batch;
  CHECK_THROWS_WITH(make_head(batch, init),
                    "mlp_head: a head normalises each position for itself; norm type batch; use layer or rms");
}
