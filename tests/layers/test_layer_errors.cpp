// Misuse of layers: each case with its whole message.
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "layers/activation.h"
#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/embedding.h"
#include "layers/feed_forward.h"
#include "layers/layer_norm.h"
#include "layers/positions.h"
#include "layers/residual.h"
#include "layers/sequential.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::tokens;

namespace {

Init& init() {
  static Init instance(1);
  return instance;
}

Tensor of(const Shape& shape) { return Tensor(zeros(shape)); }

struct Misuse {
  std::function<void()> call;
  std::string message;
};

const std::vector<Misuse>& misuses() {
  static const std::vector<Misuse> all = {
      {[] { Dense(0, 3, init()); }, "dense: both widths must be at least 1; in 0, out 3"},
      {[] { Dense(3, 0, init()); }, "dense: both widths must be at least 1; in 3, out 0"},
      {[] { Embedding({.vocabulary = 0, .width = 3}, init()); },
       "embedding: vocabulary and width must be at least 1; vocabulary 0, width 3"},
      {[] {
         Embedding({.vocabulary = 4, .width = 3}, init())(tokens({2}, {0, 4}));
       },
       "embedding: id 4 at (1) of (2) is out of range; V is 4; it must lie in 0 to 3"},
      {[] { FeedForward({.d_model = 4, .d_ff = 0}, init()); }, "dense: both widths must be at least 1; in 4, out 0"},
      {[] { FeedForward({.d_model = 4, .d_ff = 3, .dropout = 1}, init()); },
       "dropout: the probability is outside [0, 1); p = 1.000000"},
      {[] { Dropout(-0.25); }, "dropout: the probability is outside [0, 1); p = -0.250000"},
      {[] { Dropout(0.5)(of({2}), {.training = true}); },
       "dropout: training needs a source of randomness; Context::random is null; give the context a StepRandom(seed, "
       "step)"},
      {[] { LayerNorm(0, init()); },
       "layer_norm: the width must be at least 1 and eps not negative; width 0, eps 1e-05"},
      {[] {
         LayerNorm(4, init())(of({2, 3}), {});
       },
       "layer_norm: the last axis of x must have 4 elements; x (2, 3)"},
      {[] { LayerNorm({.width = 4, .gain = false, .bias = false}, init())(of({}), {}); },
       "layer_norm: the last axis of x must have 4 elements; x ()"},
      {[] { SinusoidalPositions(0, 4); }, "positions: length and width must be at least 1; max_length 0, width 4"},
      {[] { LearnedPositions(4, 0, init()); }, "positions: length and width must be at least 1; max_length 4, width 0"},
      {[] {
         SinusoidalPositions(4, 6)(of({1, 5, 6}), {});
       },
       "positions: the sequence has 5 positions, the table 4; x (1, 5, 6); raise model.max_len or shorten the input"},
      {[] {
         LearnedPositions(4, 6, init())(of({1, 5, 6}), {});
       },
       "positions: the sequence has 5 positions, the table 4; x (1, 5, 6); raise model.max_len or shorten the input"},
      {[] {
         SinusoidalPositions(4, 6)(of({1, 3, 5}), {});
       },
       "positions: x must be (B, T, 6); (1, 3, 5)"},
      {[] {
         SinusoidalPositions(4, 6)(of({3, 6}), {});
       },
       "positions: x must be (B, T, 6); (3, 6)"},
      {[] {
         Residual layer({.norm = NormPlacement::none}, std::make_unique<Dense>(3, 4, init()), init());
         layer(of({2, 3}), {});
       },
       "residual: the layer inside changes the shape, so its result cannot be added to its input; x (2, 3), f(x) (2, "
       "4) "
       "in `body`; give it the same width in and out"},
      {[] {
         // x + f(x) would broadcast without a word.
         Residual layer({.norm = NormPlacement::none}, std::make_unique<Dense>(3, 1, init()), init());
         layer(of({2, 3}), {});
       },
       "residual: the layer inside changes the shape, so its result cannot be added to its input; x (2, 3), f(x) (2, "
       "1) "
       "in `body`; give it the same width in and out"},
      {[] { Residual({.norm = NormPlacement::none}, nullptr, init()); }, "child: `body` is null"},
      {[] {
         std::vector<NamedLayer> layers;
         layers.push_back({"0", nullptr});
         Sequential sequence(std::move(layers));
       },
       "child: `0` is null"},
      {[] { activation_of(""); },
       "activation: there is no activation ``; use one of none, relu, gelu, gelu_tanh, silu, tanh, sigmoid, softplus"},
  };
  return all;
}

}  // namespace

TEST_CASE("misuse of a layer says what is wrong, with what, and what to do") {
  CHECK(misuses().size() >= 20);
  for (const Misuse& misuse : misuses()) {
    INFO(misuse.message);
    CHECK_THROWS_AS(misuse.call(), Error);
    CHECK_THROWS_WITH(misuse.call(), misuse.message);
  }
}

TEST_CASE("an eps that is 0 once rounded is refused, 0 itself is not") {
  const double tiny =
      static_cast<double>(std::numeric_limits<Real>::denorm_min()) / 4;  // 0 already in the double build
  if (tiny > 0) {
    CHECK_THROWS_AS(LayerNorm({.width = 4, .eps = tiny}, init()), ConfigError);
    CHECK_THROWS_WITH(LayerNorm({.width = 4, .eps = tiny}, init()),
                      Catch::Contains("layer_norm: eps is 0 in the precision of this build; "));
  }
  CHECK_NOTHROW(LayerNorm({.width = 4, .eps = 0}, init()));
}

TEST_CASE("an eps that is infinite, at once or once rounded, is refused") {
  for (const double eps : {std::numeric_limits<double>::infinity(), 1e39}) {
    if (static_cast<double>(static_cast<Real>(eps)) == 1e39) continue;  // a double holds it
    CHECK_THROWS_WITH(LayerNorm({.width = 4, .eps = eps}, init()),
                      Catch::StartsWith("layer_norm: eps is infinite in the precision of this build; "));
  }
  if (sizeof(Real) == 4) {
    CHECK_THROWS_WITH(LayerNorm({.width = 4, .eps = 1e39}, init()),
                      "layer_norm: eps is infinite in the precision of this build; 1e+39; 1e-5 is usual");
  }
}

TEST_CASE("dropout without a probability or outside of training is the identity, and needs no randomness") {
  const Tensor x(headlight::testing::drawn({3, 4}, -1, 1, 1));
  CHECK(same_bytes(Dropout(0)(x, {.training = true}).value(), x.value()));
  CHECK(same_bytes(Dropout(0.9)(x, {}).value(), x.value()));
}

TEST_CASE("dropout drops about p of the elements, scales the rest, and depends on step and order alone") {
  const Tensor x(full({100, 100}, 1));
  Dropout layer(0.25);
  StepRandom random(1, 2), again(1, 2), later(1, 3);
  const Array first = layer(x, {.training = true, .random = &random}).value();
  const Array second = layer(x, {.training = true, .random = &random}).value();
  CHECK(same_bytes(first, layer(x, {.training = true, .random = &again}).value()));
  CHECK_FALSE(same_bytes(first, second));
  CHECK_FALSE(same_bytes(first, layer(x, {.training = true, .random = &later}).value()));
  std::size_t dropped = 0;
  for (const Real value : flat(first)) {
    if (value == 0) {
      ++dropped;
    } else {
      CHECK(std::abs(static_cast<double>(value) - 4.0 / 3.0) <= 2e-7);
    }
  }
  // Binomial with n = 10,000 and p = 1/4: 2,500 +- 5 * 43.3.
  CHECK(std::abs(static_cast<double>(dropped) - 2500) <= 217);
}
