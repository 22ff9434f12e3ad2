// Normalisations, residual steps, blocks, convolutions, inputs and heads.
#include <utility>

#include "autograd/ops/loss.h"
#include "layers/heads.h"
#include "layers/residual_connection.h"
#include "layers/vector_input.h"
#include "tests/common/arrays.h"
#include "tests/layers/layer_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

using testing::drawn;

namespace {

/// A layer from JSON under a mask.
LayerCase masked(const char* class_name, const std::string& what, const std::string& json, Mask mask, Array x,
                 bool training = false) {
  LayerCase c = from_json(class_name, what, json, std::move(x));
  c.run = [mask, training](Module& module, const std::vector<Tensor>& inputs) {
    StepRandom random(11, 5);
    return dynamic_cast<Layer&>(module)(inputs.at(0), {.training = training, .random = &random, .mask = mask});
  };
  return c;
}

LayerCase connection(const std::string& what, const ResidualConnectionOptions& options, Array x, Array y) {
  return {.type = "",
          .class_name = "ResidualConnection",
          .what = what,
          .make = [options](Init& init) { return std::make_unique<ResidualConnection>(options, init); },
          .run =
              [](Module& module, const std::vector<Tensor>& inputs) {
                return dynamic_cast<ResidualConnection&>(module)(inputs.at(0), inputs.at(1), {});
              },
          .inputs = {std::move(x), std::move(y)}};
}

LayerCase vectors(const std::string& what, const VectorInputOptions& options, Array x) {
  return {.type = "",
          .class_name = "VectorInput",
          .what = what,
          .make = [options](Init& init) { return std::make_unique<VectorInput>(options, init); },
          .run =
              [](Module& module, const std::vector<Tensor>& inputs) {
                return dynamic_cast<VectorInput&>(module)(ModelInput(inputs.at(0)), {});
              },
          .inputs = {std::move(x)}};
}

void add_norms(std::vector<LayerCase>& cases) {
  const auto rms = [&](const char* what, const std::string& options, Array x) {
    cases.push_back(from_json("RMSNorm", what, R"({"type": "rms_norm", )" + options + "}", std::move(x)));
  };
  rms("a matrix", R"("width": 6)", drawn({3, 6}, -2, 2, 201));
  rms("a vector, large eps", R"("width": 5, "eps": 0.1)", drawn({5}, -2, 2, 202));
  rms("no gain", R"("width": 4, "gain": false)", drawn({2, 1, 4}, -2, 2, 203));
  rms("a bias", R"("width": 17, "bias": true)", drawn({2, 17}, -2, 2, 204));
  rms("one channel", R"("width": 1, "eps": 0.5)", drawn({3, 1}, -2, 2, 205));

  const std::string batch = R"({"type": "batch_norm", "width": 3, )";
  const char* const name = "BatchNorm";
  cases.push_back(
      masked(name, "over batch and time", batch + R"("eps": 0.001})", {}, drawn({2, 4, 3}, -2, 2, 206), true));
  cases.push_back(masked(name, "padding does not count", batch + R"("momentum": 0.5})", Mask::padding({4, 2, 0}),
                         drawn({3, 4, 3}, -2, 2, 207), true));
  cases.push_back(masked(name, "vectors", batch + R"("gain": false})", {}, drawn({5, 3}, -2, 2, 208), true));
  cases.push_back(masked(name, "per position, causal, padded",
                         batch + R"("eps": 0.1, "per_position": true, "max_len": 5})",
                         Mask::causal() & Mask::padding({4, 2, 3}), drawn({3, 4, 3}, -2, 2, 209), true));
  cases.push_back(masked(name, "running statistics", batch + R"("bias": false})", {}, drawn({2, 4, 3}, -2, 2, 210)));
  cases.push_back(masked(name, "running statistics per position", batch + R"("per_position": true, "max_len": 6})",
                         Mask::causal(), drawn({2, 4, 3}, -2, 2, 211)));
}

void add_residuals(std::vector<LayerCase>& cases) {
  const auto step = [&](const std::string& what, const std::string& options, Array x) {
    return from_json("Residual", what,
                     R"({"type": "residual", "body": {"type": "dense", "in": 4, "out": 4, "activation": "tanh"}, )" +
                         options + "}",
                     std::move(x));
  };
  cases.push_back(
      step("sandwich, rms", R"("norm": "sandwich", "norm_type": "rms", "width": 4)", drawn({2, 3, 4}, -1, 1, 220)));
  cases.push_back(step("scaled per channel", R"("residual": "scaled", "width": 4)", drawn({2, 4}, -1, 1, 221)));
  cases.push_back(step("scaled by one number",
                       R"("residual": "scaled", "residual_per_channel": false, "residual_init": 0, "width": 4)",
                       drawn({2, 4}, -1, 1, 222)));
  cases.push_back(step("skip scaled", R"("norm": "post", "skip_scale": 2.5, "width": 4)", drawn({2, 4}, -1, 1, 227)));
  cases.push_back(step("gated", R"("norm": "post", "residual": "gated", "width": 4)", drawn({2, 3, 4}, -1, 1, 223)));
  cases.push_back(trained(step("operations, with dropouts",
                               R"("preprocess": "dn", "postprocess": "ndhd", "dropout": 0.3, "width": 4)",
                               drawn({2, 3, 4}, -1, 1, 224))));
  cases.push_back(step("operations without a sum", R"("preprocess": "n", "postprocess": "", "width": 4)",
                       drawn({2, 4}, -1, 1, 225)));
  cases.push_back(masked("Residual", "batch statistics",
                         R"({"type": "residual", "body": {"type": "dense", "in": 4, "out": 4}, "norm_type": "batch",
                             "norm_momentum": 0.2, "width": 4})",
                         Mask::padding({3, 1}), drawn({2, 3, 4}, -1, 1, 226), true));

  cases.push_back(connection("plain", {}, drawn({2, 3}, -1, 1, 230), drawn({2, 3}, -1, 1, 231)));
  cases.push_back(connection("a scale per channel", {.kind = ResidualKind::scaled, .width = 3},
                             drawn({2, 2, 3}, -1, 1, 232), drawn({2, 2, 3}, -1, 1, 233)));
  cases.push_back(connection("one scale", {.kind = ResidualKind::scaled, .width = 3, .per_channel = false},
                             drawn({2, 3}, -1, 1, 234), drawn({2, 3}, -1, 1, 235)));
  cases.push_back(connection("a scale and a skip scale", {.kind = ResidualKind::scaled, .width = 3, .skip_scale = 0.5},
                             drawn({2, 3}, -1, 1, 228), drawn({2, 3}, -1, 1, 229)));
  cases.push_back(connection("a gate", {.kind = ResidualKind::gated, .width = 3}, drawn({2, 3}, -1, 1, 236),
                             drawn({2, 3}, -1, 1, 237)));
  cases.push_back(connection("a gate of one channel", {.kind = ResidualKind::gated, .width = 1},
                             drawn({1, 1, 1}, -1, 1, 238), drawn({1, 1, 1}, -1, 1, 239)));
}

void add_blocks(std::vector<LayerCase>& cases) {
  const std::string attention = R"({"name": "attention", "type": "multi_head_attention", "d_model": 4, "heads": 2})";
  const std::string feed_forward =
      R"({"name": "feed_forward", "type": "feed_forward", "d_model": 4, "d_ff": 5, "activation": "silu"})";
  const std::string both = R"("steps": [)" + attention + ", " + feed_forward + "]";
  std::uint64_t seed = 240;
  const auto block = [&](const std::string& what, const std::string& options, Mask mask, bool training = false) {
    return masked("Block", what, R"({"type": "block", "width": 4, )" + options + "}", std::move(mask),
                  drawn({2, 3, 4}, -1, 1, seed++), training);
  };
  for (const std::string norm : {"pre", "post", "sandwich", "parallel", "none"}) {
    cases.push_back(block(norm, R"("norm": ")" + norm + "\", " + both, Mask::causal()));
    cases.push_back(block(norm + ", scaled", R"("residual": "scaled", "norm": ")" + norm + "\", " + both, {}));
  }
  cases.push_back(block("gated, rms", R"("residual": "gated", "norm_type": "rms", )" + both, Mask::padding({3, 2})));
  cases.push_back(block("attention alone", R"("norm_bias": false, "steps": [)" + attention + "]", Mask::causal()));
  cases.push_back(block("three steps, dropout",
                        R"("dropout": 0.3, "steps": [)" + attention + R"(, {"name": "mix", "type": "conv1d", "in": 4,
                            "out": 4}, )" +
                            feed_forward + "]",
                        Mask::causal(), true));
  cases.push_back(block("operations", R"("preprocess": "n", "postprocess": "da", )" + both, {}));
  cases.push_back(block("a block in a block",
                        R"("steps": [{"name": "inner", "type": "block", "width": 4, "norm": "none",
                        "steps": [)" +
                            feed_forward + "]}]",
                        {}));
  cases.push_back(block("parallel, batch statistics",
                        R"("norm": "parallel", "norm_type": "batch", "norm_eps": 0.01, )" + both, Mask::padding({2, 3}),
                        true));
}

void add_feed_forwards(std::vector<LayerCase>& cases) {
  const auto add = [&](const char* what, const std::string& options, Array x) {
    cases.push_back(from_json("FeedForward", what, R"({"type": "feed_forward", )" + options + "}", std::move(x)));
  };
  add("swiglu", R"("d_model": 4, "d_ff": 6, "activation": "swiglu")", drawn({2, 3, 4}, -1, 1, 270));
  add("geglu without bias", R"("d_model": 3, "d_ff": 5, "activation": "geglu", "bias": false)",
      drawn({2, 3}, -1, 1, 271));
  cases.push_back(trained(from_json("FeedForward", "swiglu with dropout",
                                    R"({"type": "feed_forward", "d_model": 3, "d_ff": 8, "activation": "swiglu",
                                        "dropout": 0.4})",
                                    drawn({2, 3}, -1, 1, 272))));
}

void add_convolutions(std::vector<LayerCase>& cases) {
  const auto add = [&](const char* what, const std::string& options, Mask mask, Array x) {
    cases.push_back(
        masked("Conv1dLayer", what, R"({"type": "conv1d", )" + options + "}", std::move(mask), std::move(x)));
  };
  add("three taps by default", R"("in": 2, "out": 3)", {}, drawn({2, 5, 2}, -1, 1, 280));
  add("causal, dilated", R"("in": 2, "out": 2, "kernel": 2, "dilation": 2, "causal": true)", {},
      drawn({1, 6, 2}, -1, 1, 281));
  add("causal as the mask is, padding", R"("in": 3, "out": 2, "kernel": 4)", Mask::causal() & Mask::padding({4, 1}),
      drawn({2, 4, 3}, -1, 1, 282));
  add("an even kernel without bias", R"("in": 1, "out": 2, "kernel": 4, "bias": false)", {},
      drawn({2, 3, 1}, -1, 1, 283));
  add("one tap", R"("in": 2, "out": 2, "kernel": 1)", Mask::padding({2, 3}), drawn({2, 3, 2}, -1, 1, 284));
  add("a kernel longer than the sequence", R"("in": 2, "out": 1, "kernel": 7)", {}, drawn({1, 2, 2}, -1, 1, 285));
}

void add_inputs(std::vector<LayerCase>& cases) {
  cases.push_back(vectors("two sequences", {.features = 3, .width = 4}, drawn({2, 3, 3}, -1, 1, 290)));
  cases.push_back(vectors("no bias", {.features = 2, .width = 5, .bias = false}, drawn({1, 4, 2}, -1, 1, 291)));
  cases.push_back(vectors("one by one", {.features = 1, .width = 1}, drawn({1, 1, 1}, -1, 1, 292)));
  cases.push_back(vectors("wide", {.features = 17, .width = 2}, drawn({2, 1, 17}, -1, 1, 293)));
  cases.push_back(vectors("narrowing", {.features = 6, .width = 1}, drawn({1, 2, 6}, -1, 1, 294)));
  for (const std::string type : {"learned_positions", "sinusoidal_positions"}) {
    const char* const class_name = type == "learned_positions" ? "LearnedPositions" : "SinusoidalPositions";
    const std::string json = R"({"type": ")" + type + R"(", "max_len": 5, "randomised": 11, "width": 4})";
    cases.push_back(from_json(class_name, "spread over a longer range", json, drawn({2, 4, 4}, -1, 1, 295)));
    cases.push_back(trained(from_json(class_name, "drawn from a longer range", json, drawn({2, 4, 4}, -1, 1, 296))));
  }
}

void add_heads(std::vector<LayerCase>& cases) {
  const Mask padding = Mask::padding({3, 1, 0, 4});
  for (const std::string predict : {"every", "last", "pooled"}) {
    const std::string options = R"(_head", "width": 3, "outputs": 2, "predict": ")" + predict + "\"";
    cases.push_back(
        masked("LinearHead", predict, R"({"type": "linear)" + options + "}", {}, drawn({2, 4, 3}, -1, 1, 300)));
    cases.push_back(masked("LinearHead", predict + ", padded", R"({"type": "linear)" + options + R"(, "bias": false})",
                           padding, drawn({4, 4, 3}, -1, 1, 301)));
    cases.push_back(masked("MlpHead", predict, R"({"type": "mlp)" + options + "}", {}, drawn({2, 4, 3}, -1, 1, 302)));
    cases.push_back(masked("MlpHead", predict + ", padded, rms",
                           R"({"type": "mlp)" + options + R"(, "activation": "tanh", "norm_type": "rms",
                               "norm_eps": 0.1})",
                           Mask::padding({3, 1, 2, 4}), drawn({4, 4, 3}, -1, 1, 303)));
  }
  const auto pointer = [&](const char* what, const std::string& options, Mask mask, Array x) {
    cases.push_back(masked("PointerHead", what, R"({"type": "pointer_head", "width": 3)" + options + "}",
                           std::move(mask), std::move(x)));
  };
  pointer("from the last position", "", {}, drawn({2, 4, 3}, -1, 1, 304));
  pointer("from the mean", R"(, "query": "pooled")", {}, drawn({2, 4, 3}, -1, 1, 305));
  pointer("no bias", R"(, "bias": false)", {}, drawn({1, 3, 3}, -1, 1, 306));
  pointer("one position", "", {}, drawn({2, 1, 3}, -1, 1, 307));
  // Through the loss: a difference of excluded logits would be one of numbers near 1e30.
  pointer("padded, with its loss", "", Mask::padding({3, 1, 4}), drawn({3, 4, 3}, -1, 1, 309));
  cases.back().run = [](Module& module, const std::vector<Tensor>& inputs) {
    const Tensor logits = dynamic_cast<Layer&>(module)(inputs.at(0), {.mask = Mask::padding({3, 1, 4})});
    return cross_entropy(logits, testing::tokens({3}, {2, 0, 1}));
  };
  pointer("causal", R"(, "query": "pooled")", Mask::causal(), drawn({2, 2, 3}, -1, 1, 308));
}

}  // namespace

std::vector<LayerCase> block_cases() {
  std::vector<LayerCase> cases;
  for (const auto add :
       {add_norms, add_residuals, add_blocks, add_feed_forwards, add_convolutions, add_inputs, add_heads}) {
    add(cases);
  }
  return cases;
}

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
