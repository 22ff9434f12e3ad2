// Residual steps and blocks: where the norms stand, how inputs join results, names, draws and messages.
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/normalize.h"
#include "autograd/ops/unary.h"
#include "core/error.h"
#include "layers/block.h"
#include "layers/dense.h"
#include "layers/feed_forward.h"
#include "layers/multi_head_attention.h"
#include "layers/registry.h"
#include "tests/common/arrays.h"
#include "tests/layers/parameter_names.h"
#include "tests/layers/two_steps.h"

using namespace headlight;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

// A handful of roundings of numbers below 10.
constexpr double kBlockTolerance = sizeof(Real) == 8 ? 1e-13 : 1e-5;

constexpr std::size_t kWidth = 4;

/// The block of two steps under these options, from the formulas in residual.h.
void check_block(ResidualOptions options, const std::function<Tensor(const Tensor&)>& formula) {
  options.normalization.width = kWidth;
  options.connection.width = kWidth;
  Init init(1);
  Block block(options, two_steps(), init);
  const Tensor x(drawn({2, 3, kWidth}, -2, 2, 1));
  CHECK(difference(block(x, {}).value(), formula(x).value(), kBlockTolerance, kBlockTolerance) == "");
}

std::unique_ptr<Layer> from(const std::string& json) {
  Init init(1);
  return make_layer(nlohmann::json::parse(json), init);
}

/// The parameters of a block of one dense step `f` with these keys.
std::vector<std::string> names_with(const std::string& options) {
  return names_of(*from(R"({"type": "block", "width": 2, )" + options +
                        R"(, "steps": [{"name": "f", "type": "dense", "in": 2, "out": 2, "bias": false}]})"));
}

}  // namespace

TEST_CASE("each placement computes its formula, step after step or all at once") {
  check_block({.norm = NormPlacement::pre}, [](const Tensor& x) {
    const Tensor y = x + first(norm(x));
    return y + second(norm(y));
  });
  check_block({.norm = NormPlacement::post}, [](const Tensor& x) {
    const Tensor y = norm(x + first(x));
    return norm(y + second(y));
  });
  check_block({.norm = NormPlacement::sandwich}, [](const Tensor& x) {
    const Tensor y = x + norm(first(norm(x)));
    return y + norm(second(norm(y)));
  });
  check_block({.norm = NormPlacement::parallel}, [](const Tensor& x) { return x + first(norm(x)) + second(norm(x)); });
  check_block({.norm = NormPlacement::none}, [](const Tensor& x) {
    const Tensor y = x + first(x);
    return y + second(y);
  });
}

TEST_CASE("a scaled residual begins at its scale and a gated one lets the input through") {
  check_block({.norm = NormPlacement::none, .connection = {.kind = ResidualKind::scaled}}, [](const Tensor& x) {
    const Tensor y = x + first(x) * Real(0.1);
    return y + second(y) * Real(0.1);
  });
  check_block({.norm = NormPlacement::parallel,
               .connection = {.kind = ResidualKind::scaled, .per_channel = false, .scale_init = 0.5}},
              [](const Tensor& x) { return x + first(norm(x)) * Real(0.5) + second(norm(x)) * Real(0.5); });
  // Wang et al. 2022, arXiv:2203.00555, section 3: LN(alpha x + f(x)).
  check_block({.norm = NormPlacement::post, .connection = {.skip_scale = 3}}, [](const Tensor& x) {
    const Tensor y = norm(x * Real(3) + first(x));
    return norm(y * Real(3) + second(y));
  });
  check_block({.norm = NormPlacement::none, .connection = {.kind = ResidualKind::scaled, .skip_scale = 2}},
              [](const Tensor& x) {
                const Tensor y = x * Real(2) + first(x) * Real(0.1);
                return y * Real(2) + second(y) * Real(0.1);
              });
  // ReZero: the block begins as the identity.
  check_block({.norm = NormPlacement::none, .connection = {.kind = ResidualKind::scaled, .scale_init = 0}},
              [](const Tensor& x) { return x; });
  Init init(1);
  ResidualConnection gated({.kind = ResidualKind::gated, .width = 3}, init);
  for (const NamedParameter& parameter : gated.parameters()) {
    if (parameter.name == "gate_weight") parameter.tensor.assign(zeros({3, 3}));
  }
  // sigmoid(-2) = 0.11920292202211755 of y, the rest of x.
  const Array y = gated(Tensor(full({2, 3}, 1)), Tensor(full({2, 3}, 11)), {}).value();
  CHECK(difference(y, full({2, 3}, static_cast<Real>(1 + 10 * 0.11920292202211755)), kBlockTolerance, 0) == "");
}

TEST_CASE("operation strings say the same as placements, and more") {
  const auto both = [](const NormPlacement placement, const std::string& before, const std::string& after) {
    const auto run = [&](ResidualOptions options) {
      options.normalization.width = kWidth;
      options.dropout = 0.3;
      Init init(1);
      Block block(options, two_steps(), init);
      StepRandom random(1, 2);
      return block(Tensor(drawn({2, kWidth}, -1, 1, 3)), {.training = true, .random = &random}).value();
    };
    CHECK(same_bytes(run({.norm = placement}), run({.operations = StepOperations{before, after}})));
  };
  both(NormPlacement::pre, "n", "da");
  both(NormPlacement::post, "", "dan");
  both(NormPlacement::sandwich, "n", "dna");
  both(NormPlacement::none, "", "da");
  check_block({.operations = StepOperations{"n", "an"}}, [](const Tensor& x) {
    const Tensor y = norm(x + first(norm(x)));
    return norm(y + second(norm(y)));
  });
  check_block({.operations = StepOperations{"", "n"}}, [](const Tensor& x) { return norm(second(norm(first(x)))); });
}

TEST_CASE("the children of a block are called after its steps") {
  using Names = std::vector<std::string>;
  CHECK(names_with(R"("norm": "pre")") == Names{"f.weight", "f_norm.gain", "f_norm.bias"});
  CHECK(names_with(R"("norm": "post", "norm_bias": false)") == Names{"f.weight", "f_norm.gain"});
  CHECK(names_with(R"("norm": "sandwich", "norm_type": "rms")") ==
        Names{"f.weight", "f_norm.gain", "f_post_norm.gain"});
  CHECK(names_with(R"("norm": "parallel", "norm_type": "rms", "norm_bias": true)") ==
        Names{"f.weight", "norm.gain", "norm.bias"});
  CHECK(names_with(R"("norm": "none", "residual": "scaled")") == Names{"f.weight", "f_residual.scale"});
  CHECK(names_with(R"("preprocess": "", "postprocess": "dhn", "norm_type": "rms")") ==
        Names{"f.weight", "f_norm.gain", "f_residual.gate_weight", "f_residual.gate_bias"});
}

TEST_CASE("a block draws its steps' first values in order, as if they were built alone, and nothing for its norms") {
  for (const std::string norm : {"pre", "post"}) {
    const auto block = from(R"({"type": "block", "width": 6, "norm": ")" + norm + R"(", "steps": [
        {"name": "attention", "type": "multi_head_attention", "d_model": 6, "heads": 2},
        {"name": "feed_forward", "type": "feed_forward", "d_model": 6, "d_ff": 8}]})");
    Init init(1);
    const MultiHeadAttention attention({.d_model = 6, .heads = 2}, init);
    const FeedForward feed_forward({.d_model = 6, .d_ff = 8}, init);
    std::vector<NamedParameter> alone = attention.parameters();
    for (const NamedParameter& parameter : feed_forward.parameters()) alone.push_back(parameter);
    std::vector<NamedParameter> inside = block->parameters();
    std::erase_if(inside, [](const NamedParameter& p) { return p.name.find("_norm") != std::string::npos; });
    REQUIRE(inside.size() == alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) {
      INFO(inside[i].name);
      CHECK(same_bytes(inside[i].tensor.value(), alone[i].tensor.value()));
    }
    CHECK(names_of(*block) ==
          std::vector<std::string>{"attention.query.weight", "attention.query.bias", "attention.key.weight",
                                   "attention.key.bias", "attention.value.weight", "attention.value.bias",
                                   "attention.output.weight", "attention.output.bias", "attention_norm.gain",
                                   "attention_norm.bias", "feed_forward.up.weight", "feed_forward.up.bias",
                                   "feed_forward.down.weight", "feed_forward.down.bias", "feed_forward_norm.gain",
                                   "feed_forward_norm.bias"});
  }
}

TEST_CASE("a gated feed-forward layer multiplies its two halves: swiglu with silu, geglu with gelu") {
  const Tensor x(drawn({2, 3}, -1, 1, 8));
  for (const std::string name : {"swiglu", "geglu"}) {
    const auto layer = from(R"({"type": "feed_forward", "d_model": 3, "d_ff": 5, "activation": ")" + name + "\"}");
    CHECK(names_of(*layer) ==
          std::vector<std::string>{"gate.weight", "gate.bias", "up.weight", "up.bias", "down.weight", "down.bias"});
    std::vector<Array> p;
    for (const NamedParameter& parameter : layer->parameters()) {
      parameter.tensor.assign(drawn(parameter.tensor.shape(), -1, 1, p.size()));
      p.push_back(parameter.tensor.value());
    }
    // Shazeer 2020, equation 6, with biases, element by element in double.
    const auto row = [&](std::size_t n, const Array& w, const Array& b, std::size_t o) {
      double sum = static_cast<double>(b.data()[o]);
      for (std::size_t c = 0; c < 3; ++c) {
        sum += static_cast<double>(w.data()[o * 3 + c]) * static_cast<double>(x.value().data()[n * 3 + c]);
      }
      return sum;
    };
    const Array expected = headlight::testing::by_index({2, 3}, [&](const auto& i) {
      double y = static_cast<double>(p[5].data()[i[1]]);
      for (std::size_t o = 0; o < 5; ++o) {
        const double gate = row(i[0], p[0], p[1], o);
        const double f = name == "swiglu" ? gate / (1 + std::exp(-gate)) : gate * std::erfc(-gate / std::sqrt(2.0)) / 2;
        y += static_cast<double>(p[4].data()[i[1] * 5 + o]) * f * row(i[0], p[2], p[3], o);
      }
      return y;
    });
    CHECK(difference(layer->forward(x, {}).value(), expected, kBlockTolerance, kBlockTolerance) == "");
  }
}

TEST_CASE("misuse of residual steps and blocks says what is wrong and what to do") {
  const auto message = [](const ResidualOptions& options) -> std::string {
    Init init(1);
    try {
      Block(options, two_steps(), init);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  };
  const auto operations = [&](const std::string& before, const std::string& after) {
    return message({.operations = StepOperations{before, after}, .normalization = {.width = 2}});
  };
  CHECK(operations("a", "") ==
        "residual: there is no operation `a` in this place; `a` before, `` after; before a sublayer use d and n, "
        "behind it d, n, a and h");
  CHECK(operations("", "dax").find("there is no operation `x`") != std::string::npos);
  CHECK(operations("nn", "a") ==
        "residual: the operation `n` stands twice on one side; `nn` before, `a` after; write it once");
  CHECK(operations("", "h") == "residual: `h` is a gated residual; `` before, `h` after; set residual to gated");
  const StepOperations twice{"", "ah"};
  CHECK(message({.operations = twice, .connection = {.kind = ResidualKind::gated, .width = 2}}) ==
        "residual: the input would be added twice; `` before, `ah` after; use a or h");
  const StepOperations no_sum{"", "d"};
  CHECK(message({.operations = no_sum, .connection = {.kind = ResidualKind::scaled, .width = 2}}) ==
        "residual: a scaled or gated residual or a skip scale has no meaning without a sum; `` before, `d` after; add "
        "`a`");
  CHECK(message({.operations = no_sum, .connection = {.skip_scale = 2}}).find("without a sum") != std::string::npos);
  const StepOperations no_dropout{"n", "a"};
  CHECK(message({.operations = no_dropout, .dropout = 0.1}) ==
        "residual: a dropout has no meaning without the operation `d`; `n` before, `a` after; add `d`, or set dropout "
        "to 0");
  CHECK(message({.norm = NormPlacement::parallel, .connection = {.kind = ResidualKind::gated, .width = 2}}) ==
        "block: parallel steps cannot be gated: each gate would pass the block's input on; use a plain or scaled "
        "residual, or another placement");
  CHECK(message({.norm = NormPlacement::parallel, .connection = {.skip_scale = 2}}) ==
        "block: parallel steps cannot scale the skip: each would scale the block's input again; leave skip_scale out, "
        "or use another placement");
  for (const double wrong : {0.0, -1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    CHECK(message({.norm = NormPlacement::none, .connection = {.skip_scale = wrong}})
              .starts_with("residual: the skip scale must be a number above 0 in the precision of this build"));
  }
  CHECK(message(
            {.norm = NormPlacement::none, .connection = {.kind = ResidualKind::gated, .width = 1, .skip_scale = 2}}) ==
        "residual: a gate shares out its input by itself; skip_scale 2; leave skip_scale out, or use a plain or scaled "
        "residual");
  CHECK(message({.norm = NormPlacement::none, .connection = {.kind = ResidualKind::scaled}}) ==
        "residual: the width must be at least 1; width 0");
  CHECK(message({.norm = NormPlacement::none,
                 .connection = {.kind = ResidualKind::scaled, .width = 1, .scale_init = INFINITY}}) ==
        "residual: a first value is not finite in the precision of this build; scale_init inf, gate_bias -2");
  if (sizeof(Real) == 4) {  // the largest float is 3.4e38
    CHECK(message({.norm = NormPlacement::none,
                   .connection = {.kind = ResidualKind::gated, .width = 1, .gate_bias = -1e300}}) ==
          "residual: a first value is not finite in the precision of this build; scale_init 0.1, gate_bias -1e+300");
  }
  Init init(1);
  CHECK_THROWS_WITH(Block({.norm = NormPlacement::none}, {}, init),
                    "block: a block needs at least one step; give it an attention or a feed_forward");
  std::vector<BlockStep> same = two_steps();
  same[1].name = "first";
  CHECK_THROWS_WITH(Block({.norm = NormPlacement::none}, std::move(same), init),
                    "module: `first` is declared twice; choose another name");
  CHECK_THROWS_WITH(Residual({.norm = NormPlacement::parallel}, std::make_unique<Affine>(Real{1}), init),
                    "residual: parallel placement needs a block of several steps; use the layer type block");
  ResidualConnection scaled({.kind = ResidualKind::scaled, .width = 3}, init);
  CHECK_THROWS_WITH(scaled(Tensor(zeros({2, 2})), Tensor(zeros({2, 2})), {}),
                    "residual: x and y must have one shape (..., 3); x (2, 2), y (2, 2)");
  ResidualConnection plain({}, init);
  CHECK_THROWS_WITH(plain(Tensor(zeros({2, 2})), Tensor(zeros({2, 1})), {}),
                    "residual: x and y must have one shape (..., C); x (2, 2), y (2, 1)");
  CHECK_THROWS_WITH(residual_kind_of("rezero"),
                    "residual: there is no residual variant `rezero`; use plain, scaled or gated");
  CHECK_THROWS_WITH(feed_forward_activation_of("glu"),
                    "feed_forward: there is no activation `glu`; use one of none, relu, gelu, gelu_tanh, silu, tanh, "
                    "sigmoid, softplus, swiglu, geglu");
}
