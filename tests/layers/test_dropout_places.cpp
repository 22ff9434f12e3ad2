// Where dropout stands while training: each layer against plain operations with the masks written out. The n-th dropout
// of a forward pass has the key {seed, n, step}, n from 0 (StepRandom), so a dropout that is left out, moved, or given
// another rate or turn gives other numbers.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "autograd/ops.h"
#include "layers/block.h"
#include "layers/feed_forward.h"
#include "layers/models/model.h"
#include "layers/multi_head_attention.h"
#include "layers/residual.h"
#include "tests/common/arrays.h"
#include "tests/layers/two_steps.h"

using namespace headlight;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

// Sums of some ten products of numbers below 10.
constexpr double kDropoutTolerance = sizeof(Real) == 8 ? 1e-13 : 1e-5;

constexpr std::uint64_t kSeed = 3, kStep = 4;
constexpr double kRate = 0.4;

/// What the n-th dropout of the pass makes of x.
Tensor dropped(const Tensor& x, std::uint64_t n, double rate = kRate) { return dropout(x, rate, {kSeed, n, kStep}); }

Array trained(Layer& layer, const Tensor& x) {
  StepRandom random(kSeed, kStep);
  return layer(x, {.training = true, .random = &random}).value();
}

void draw(const Module& module) {
  std::uint64_t seed = 20;
  for (const NamedParameter& p : module.parameters()) p.tensor.assign(drawn(p.tensor.shape(), -0.9, 0.9, seed++));
}

Tensor parameter_named(const Module& module, const std::string& name) {
  for (const NamedParameter& p : module.parameters()) {
    if (p.name == name) return p.tensor;
  }
  FAIL("there is no parameter " << name);
  return {};
}

Tensor through(const Module& layer, const std::string& child, const Tensor& x) {
  return linear(x, parameter_named(layer, child + ".weight"), parameter_named(layer, child + ".bias"));
}

}  // namespace

TEST_CASE("a residual layer drops elements of what its body makes, before norm and sum") {
  const Tensor x(drawn({2, 3, 4}, -1, 1, 1));
  const auto run = [&](ResidualOptions options) {
    options.normalization.width = 4;
    options.dropout = kRate;
    Init init(1);
    Residual layer(options, std::make_unique<Affine>(Real{2}), init);
    return trained(layer, x);
  };
  const auto check = [](const Array& made, const Tensor& expected) {
    CHECK(difference(made, expected.value(), kDropoutTolerance, kDropoutTolerance) == "");
  };
  check(run({.norm = NormPlacement::pre}), x + dropped(first(norm(x)), 0));
  check(run({.norm = NormPlacement::post}), norm(x + dropped(first(x), 0)));
  check(run({.norm = NormPlacement::sandwich}), x + norm(dropped(first(norm(x)), 0)));
  check(run({.norm = NormPlacement::none}), x + dropped(first(x), 0));
  check(run({.operations = StepOperations{"nd", "dad"}}), dropped(x + dropped(first(dropped(norm(x), 0)), 1), 2));
}

TEST_CASE("each step of a block has its own dropout, in the order of the steps") {
  const Tensor x(drawn({2, 3, 4}, -1, 1, 1));
  const auto run = [&](NormPlacement placement) {
    Init init(1);
    Block block({.norm = placement, .normalization = {.width = 4}, .dropout = kRate}, two_steps(), init);
    return trained(block, x);
  };
  const Tensor y = x + dropped(first(norm(x)), 0);
  CHECK(difference(run(NormPlacement::pre), (y + dropped(second(norm(y)), 1)).value(), kDropoutTolerance,
                   kDropoutTolerance) == "");
  const Tensor parallel = x + dropped(first(norm(x)), 0) + dropped(second(norm(x)), 1);
  CHECK(difference(run(NormPlacement::parallel), parallel.value(), kDropoutTolerance, kDropoutTolerance) == "");
}

TEST_CASE("a feed-forward layer drops hidden elements, behind activation and gate") {
  const Tensor x(drawn({2, 3, 4}, -1, 1, 1));
  for (const bool gated : {false, true}) {
    Init init(1);
    FeedForward layer({.d_model = 4, .d_ff = 6, .activation = Activation::gelu, .gated = gated, .dropout = kRate},
                      init);
    draw(layer);
    const Tensor up = through(layer, "up", x);
    const Tensor hidden = gated ? gelu(through(layer, "gate", x)) * up : gelu(up);
    const Tensor expected = through(layer, "down", dropped(hidden, 0));
    CHECK(difference(trained(layer, x), expected.value(), kDropoutTolerance, kDropoutTolerance) == "");
  }
}

TEST_CASE("a learned sink's weight is dropped like the others, with the key behind theirs") {
  // One query and one key (T = 1): with score dot the row's logits are q . k and q . sink_key.
  Init init(1);
  MultiHeadAttention layer(
      {.d_model = 4, .heads = 2, .dropout = kRate, .score = ScoreKind::dot, .sink = SinkKind::learned}, init);
  draw(layer);
  const Tensor x(drawn({6, 1, 4}, -1, 1, 1));
  const Shape heads{6, 1, 2, 2};
  const auto split = [&](const std::string& name) { return reshape(through(layer, name, x), heads); };
  const auto of_sink = [&](const std::string& name) { return reshape(parameter_named(layer, name), {2, 2}); };
  const Tensor query = split("query");
  const Tensor own = exp(sum(query * split("key"), {.axes = {-1}, .keep_dims = true}));
  const Tensor sink = exp(sum(query * of_sink("sink_key"), {.axes = {-1}, .keep_dims = true}));
  // (6, 1, 2, 1) and the layer's (B, H, Tq, Tk) = (6, 2, 1, 1) and (B, H, Tq) list the same 12 numbers in one order.
  const Tensor z =
      dropped(own / (own + sink), 0) * split("value") + dropped(sink / (own + sink), 1) * of_sink("sink_value");
  const Tensor expected = through(layer, "output", reshape(z, {6, 1, 4}));
  CHECK(difference(trained(layer, x), expected.value(), kDropoutTolerance, kDropoutTolerance) == "");
}

TEST_CASE("a model drops elements of its embeddings before positions are added, and of the sums behind them") {
  Init init(1);
  Model model(nlohmann::json::parse(R"({"arch": "decoder", "vocabulary": 5, "d_model": 4, "max_len": 6,
      "positions": "learned", "dropout": {"embedding": 0.4, "input": 0.25}, "final_norm": false,
      "blocks": [{"type": "activation", "kind": "tanh"}]})"),
              init, "model");
  draw(model);
  const Tokens ids = headlight::testing::tokens({2, 3}, {0, 1, 2, 4, 4, 3});
  StepRandom random(kSeed, kStep);
  const Array made = model(ids, {.training = true, .random = &random}).value();
  const Tensor embedded = embedding(parameter_named(model, "embedding.weight"), ids);
  const Tensor placed =
      dropped(embedded, 0) + slice(parameter_named(model, "positions.weight"), {.begin = 0, .end = 3});
  const Tensor expected = through(model, "head", tanh(dropped(placed, 1, 0.25)));
  CHECK(difference(made, expected.value(), kDropoutTolerance, kDropoutTolerance) == "");
}
