// Layers of blocks, feature by feature; features.tsv is the list. Expected values are the formulas in plain operations.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops.h"
#include "layers/batch_norm.h"
#include "layers/block.h"
#include "layers/dense.h"
#include "layers/feed_forward.h"
#include "layers/layer_norm.h"
#include "layers/residual.h"
#include "tests/rows/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

/// (x - mean) / sqrt(var + eps), what a fresh LayerNorm does.
Tensor normed(const Tensor& x) {
  const Tensor centred = x - mean(x, {.axes = {-1}, .keep_dims = true});
  return centred / sqrt(mean(centred * centred, {.axes = {-1}, .keep_dims = true}) + static_cast<Real>(1e-5));
}

/// The same weights for each call.
std::unique_ptr<Dense> dense() {
  Init init(5);
  return std::make_unique<Dense>(4, 4, init);
}

Array residual(const ResidualOptions& options, const Tensor& x) {
  Init init(1);
  return Residual(options, dense(), init)(x, {}).value();
}

}  // namespace

TEST_CASE("row 20: norms stand before, behind, on both sides or nowhere, also as Marian's operation strings") {
  const Tensor x(drawn({2, 3, 4}, -1, 1, 1));
  const auto body = dense();
  const auto f = [&](const Tensor& input) { return (*body)(input, {}); };
  const ResidualOptions base{.normalization = {.width = 4}};
  const auto placed = [&](NormPlacement norm) {
    ResidualOptions options = base;
    options.norm = norm;
    return residual(options, x);
  };
  const Array pre = (x + f(normed(x))).value(), post = normed(x + f(x)).value();
  CHECK(difference(placed(NormPlacement::pre), pre, kRounding, kRounding) == "");
  CHECK(difference(placed(NormPlacement::post), post, kRounding, kRounding) == "");
  CHECK(difference(placed(NormPlacement::sandwich), (x + normed(f(normed(x)))).value(), kRounding, kRounding) == "");
  CHECK(difference(placed(NormPlacement::none), (x + f(x)).value(), kRounding, kRounding) == "");
  ResidualOptions marian = base;
  // Evaluation: shows the places of n and a alone, and that d does nothing here. Those of d while training:
  // tests/layers/test_dropout_places.cpp.
  marian.dropout = 0.5;
  marian.operations = StepOperations{.before = "n", .after = "da"};
  CHECK(difference(residual(marian, x), pre, kRounding, kRounding) == "");
  marian.operations = StepOperations{.before = "", .after = "dan"};
  CHECK(difference(residual(marian, x), post, kRounding, kRounding) == "");

  Init init(1);
  ResidualOptions parallel = base;
  parallel.norm = NormPlacement::parallel;
  std::vector<BlockStep> steps;
  steps.push_back({"one", dense()});
  steps.push_back({"two", dense()});
  const Array both = Block(parallel, std::move(steps), init)(x, {}).value();
  CHECK(difference(both, (x + f(normed(x)) + f(normed(x))).value(), kRounding, kRounding) == "");
}

TEST_CASE("row 21: LayerNorm and RMSNorm are their formulas, with gains") {
  Init init(1);
  LayerNorm layer(4, init);
  const auto rms = make_norm({.type = NormType::rms, .width = 4}, init);
  const Tensor x(drawn({2, 3, 4}, -3, 5, 1));
  draw(layer);
  draw(*rms);
  CHECK_FALSE(has_parameter(*rms, "bias"));
  const Tensor expected = normed(x) * parameter_named(layer, "gain") + parameter_named(layer, "bias");
  CHECK(difference(layer(x, {}).value(), expected.value(), kRounding, kRounding) == "");
  const Tensor size = sqrt(mean(x * x, {.axes = {-1}, .keep_dims = true}) + static_cast<Real>(1e-5));
  const Tensor expected_rms = x / size * parameter_named(*rms, "gain");
  CHECK(difference((*rms)(x, {}).value(), expected_rms.value(), kRounding, kRounding) == "");
}

TEST_CASE("row 22: batch statistics count real positions alone, and are refused where they show the future") {
  Init init(1);
  BatchNorm norm({.width = 1}, init);
  // Real: 1, 3 and 5, mean 3, variance 8 / 3; the padding behind member 1's first position holds anything.
  const Mask mask = Mask::padding({2, 1});
  const double root = std::sqrt(8.0 / 3 + 1e-5);
  for (const double padding : {0.0, 1e6}) {
    const Tensor x(array({2, 2, 1}, {1, 3, 5, padding}));
    const Array y = norm(x, {.training = true, .mask = mask}).value();
    CHECK(std::abs(at(y, {0, 0, 0}) + 2 / root) <= kRounding);
    CHECK(std::abs(at(y, {0, 1, 0})) <= kRounding);
    CHECK(std::abs(at(y, {1, 0, 0}) - 2 / root) <= kRounding);
  }
  const Tensor x(drawn({2, 2, 1}, -1, 1, 1));
  CHECK_THROWS_AS(norm(x, {.training = true, .mask = Mask::causal()}), StateError);
  BatchNorm per_position({.width = 1, .per_position = true, .max_len = 2}, init);
  CHECK_NOTHROW(per_position(x, {.training = true, .mask = Mask::causal()}));
}

TEST_CASE("row 23: feed-forward layers have every activation, and gates") {
  const Tensor x(drawn({2, 4}, -2, 2, 1));
  const auto check = [&](const std::string& name, Tensor (*f)(const Tensor&)) {
    INFO(name);
    const FeedForwardActivation kind = feed_forward_activation_of(name);
    Init init(1);
    FeedForward layer({.d_model = 4, .d_ff = 6, .activation = kind.activation, .gated = kind.gated}, init);
    draw(layer);
    const auto through = [&](const std::string& child, const Tensor& input) {
      return linear(input, parameter_named(layer, child + ".weight"), parameter_named(layer, child + ".bias"));
    };
    const Tensor hidden = kind.gated ? f(through("gate", x)) * through("up", x) : f(through("up", x));
    CHECK(difference(layer(x, {}).value(), through("down", hidden).value(), kRounding, kRounding) == "");
  };
  check("relu", relu);
  check("gelu", gelu);
  check("gelu_tanh", gelu_tanh);
  check("silu", silu);
  check("tanh", headlight::tanh);
  check("swiglu", silu);
  check("geglu", gelu);
}

TEST_CASE("row 26: first weights follow the scheme, with fans from what a weight means") {
  // Three matrices of 64 to 16 packed in one, or query, key and value apart: each has fans 64 and 16.
  const auto largest = [](InitScheme scheme, const std::string& name) {
    Init init(1, {.scheme = scheme, .std = 0.02});
    const MultiHeadAttention layer({.d_model = 64, .heads = 4, .head_size = 4}, init);
    const Array weight = parameter_named(layer, name).value();
    double most = 0, squares = 0;
    for (const Real value : flat(weight)) {
      most = std::max(most, std::abs(static_cast<double>(value)));
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
    return std::make_pair(most, std::sqrt(squares / static_cast<double>(weight.size())));
  };
  const double xavier = std::sqrt(6.0 / (64 + 16));
  // The largest of 1024 uniform numbers lies above 0.98 of the bound but for a chance of 0.98^1024 = 1e-9.
  for (const char* name : {"query.weight", "key.weight", "value.weight", "output.weight"}) {
    for (const InitScheme scheme : {InitScheme::xavier_uniform, InitScheme::keras}) {
      CHECK(largest(scheme, name).first <= xavier);
      CHECK(largest(scheme, name).first > 0.98 * xavier);
    }
  }
  CHECK(largest(InitScheme::torch, "output.weight").first <= 1 / std::sqrt(16.0));
  CHECK(largest(InitScheme::torch, "output.weight").first > 0.98 / std::sqrt(16.0));
  // The deviation of 1024 normal numbers is known to 2.2 %: 5 of those.
  CHECK(largest(InitScheme::normal, "query.weight").second == Approx(0.02).epsilon(0.11));
  CHECK(largest(InitScheme::scaled_normal, "query.weight").second == Approx(1 / 8.0).epsilon(0.11));
}
