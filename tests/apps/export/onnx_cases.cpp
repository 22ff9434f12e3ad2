#include "tests/apps/export/onnx_cases.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include <nlohmann/json.hpp>

#include "apps/training/weights.h"
#include "core/random.h"
#include "layers/activation.h"

namespace headlight::testing {
namespace {

using Json = nlohmann::json;

/// The smallest models of each architecture, which cases change.
ModelOptions encoder() {
  return {.arch = Architecture::encoder, .vocabulary = 7, .d_model = 8, .heads = 2, .d_ff = 12, .max_len = 12};
}

ModelOptions decoder() {
  ModelOptions options = encoder();
  options.arch = Architecture::decoder;
  options.layers = 2;
  options.positions = Positions::learned;
  return options;
}

ModelOptions encoder_decoder() {
  ModelOptions options = encoder();
  options.arch = Architecture::encoder_decoder;
  options.target_vocabulary = 5;
  options.layers = 2;
  options.encoder_layers = 1;
  return options;
}

class Cases {
 public:
  void add(std::string name, ModelOptions options, const std::function<void(ModelOptions&)>& change = {}) {
    if (change) change(options);
    all_.push_back({std::move(name), expand(options).dump()});
  }
  /// A model with these blocks in place of its own.
  void add_blocks(std::string name, const ModelOptions& options, const std::string& blocks) {
    Json composed = expand(options);
    composed["blocks"] = Json::parse(blocks);
    all_.push_back({std::move(name), composed.dump()});
  }
  std::vector<OnnxCase> take() { return std::move(all_); }

 private:
  std::vector<OnnxCase> all_{};
};

void add_architectures(Cases& cases) {
  cases.add("encoder", encoder());
  cases.add("decoder", decoder());
  cases.add("encoder-decoder", encoder_decoder());
  cases.add("attention only", decoder(), [](ModelOptions& o) { o.attention_only = true; });
  cases.add("vectors", encoder(), [](ModelOptions& o) {
    o.vocabulary = 0;
    o.features = 3;
    o.outputs = 2;
    o.bias.embedding = true;
  });
  cases.add("vectors into tokens", encoder_decoder(), [](ModelOptions& o) {
    o.vocabulary = 0;
    o.features = 3;
  });
  cases.add("scaled and biased embeddings, tied", decoder(), [](ModelOptions& o) {
    o.scale_embeddings = o.tie_embeddings = o.bias.embedding = true;
    o.bias.head = false;
  });
  cases.add("tied encoder-decoder", encoder_decoder(), [](ModelOptions& o) { o.tie_embeddings = true; });
  cases.add("tied mlp head", encoder(), [](ModelOptions& o) {
    o.tie_embeddings = true;
    o.head = HeadKind::mlp;
    o.activation = Activation::relu;
  });
  for (const Predict predict : {Predict::last, Predict::pooled}) {
    const std::string name = predict == Predict::last ? "last" : "pooled";
    cases.add("predicts " + name, encoder(), [&](ModelOptions& o) { o.predict = predict; });
    cases.add("predicts " + name + " with an mlp", decoder(), [&](ModelOptions& o) {
      o.predict = predict;
      o.head = HeadKind::mlp;
    });
    cases.add("points from " + name, encoder(), [&](ModelOptions& o) {
      o.predict = Predict::pointer;
      o.pointer_query = predict;
    });
  }
}

void add_surroundings(Cases& cases) {
  for (const auto& placement :
       std::vector<std::pair<std::string, NormPlacement>>{{"post", NormPlacement::post},
                                                          {"none", NormPlacement::none},
                                                          {"sandwich", NormPlacement::sandwich},
                                                          {"parallel", NormPlacement::parallel}}) {
    cases.add("norm " + placement.first, encoder_decoder(), [&](ModelOptions& o) {
      o.norm = placement.second;
      o.final_norm = placement.second == NormPlacement::none;
    });
  }
  cases.add("rms norm", decoder(), [](ModelOptions& o) { o.norm_type = NormType::rms; });
  cases.add("rms norm with bias", decoder(), [](ModelOptions& o) {
    o.norm_type = NormType::rms;
    o.norm_bias = true;
    o.norm_eps = 1e-3;
  });
  cases.add("layer norm without bias", decoder(), [](ModelOptions& o) { o.norm_bias = false; });
  cases.add("batch norm", encoder(), [](ModelOptions& o) { o.norm_type = NormType::batch; });
  cases.add("batch norm per position", decoder(), [](ModelOptions& o) { o.norm_type = NormType::batch; });
  cases.add("scaled residual", decoder(), [](ModelOptions& o) { o.residual = ResidualKind::scaled; });
  cases.add("gated residual", decoder(), [](ModelOptions& o) { o.residual = ResidualKind::gated; });
  cases.add("skip scale", decoder(), [](ModelOptions& o) {
    o.norm = NormPlacement::post;
    o.skip_scale = 1.7;
  });
  for (const Activation activation : {Activation::none, Activation::relu, Activation::gelu, Activation::gelu_tanh,
                                      Activation::silu, Activation::tanh, Activation::sigmoid, Activation::softplus}) {
    cases.add("feed-forward " + std::string(name_of(activation)), encoder(),
              [&](ModelOptions& o) { o.activation = activation; });
  }
  for (const Activation activation : {Activation::silu, Activation::gelu}) {
    cases.add("gated " + std::string(name_of(activation)), encoder(), [&](ModelOptions& o) {
      o.activation = activation;
      o.gated = true;
      o.bias.feed_forward = false;
    });
  }
  for (const auto& positions : std::vector<std::pair<std::string, Positions>>{{"none", Positions::none},
                                                                              {"sinusoidal", Positions::sinusoidal},
                                                                              {"rope", Positions::rope},
                                                                              {"alibi", Positions::alibi},
                                                                              {"relative", Positions::relative}}) {
    cases.add("encoder with positions " + positions.first, encoder(),
              [&](ModelOptions& o) { o.positions = positions.second; });
    cases.add("decoder with positions " + positions.first, decoder(),
              [&](ModelOptions& o) { o.positions = positions.second; });
  }
  for (const Positions positions : {Positions::sinusoidal, Positions::learned}) {
    cases.add(positions == Positions::learned ? "learned from a range" : "sinusoids from a range", decoder(),
              [&](ModelOptions& o) {
                o.positions = positions;
                o.randomised_positions = 29;
              });
  }
}

void add_attention(Cases& cases) {
  for (const auto& score : std::vector<std::pair<std::string, ScoreKind>>{{"scaled_dot", ScoreKind::scaled_dot},
                                                                          {"dot", ScoreKind::dot},
                                                                          {"bilinear", ScoreKind::bilinear},
                                                                          {"additive", ScoreKind::additive},
                                                                          {"cosine", ScoreKind::cosine},
                                                                          {"l2", ScoreKind::l2}}) {
    cases.add("score " + score.first, encoder_decoder(), [&](ModelOptions& o) { o.attention.score = score.second; });
    // Grouped heads and everything else that changes scores, with the sink that is compared by the same score.
    cases.add(fmt::format("score {} of grouped heads, capped, with a learned sink", score.first), decoder(),
              [&](ModelOptions& o) {
                o.heads = 4;
                o.kv_heads = 2;
                o.head_size = 3;
                o.attention.score = score.second;
                o.attention.softcap = 1.5;
                o.attention.sink = SinkKind::learned;
                o.attention.value_size = 5;
              });
  }
  for (const auto& weights : std::vector<std::pair<std::string, AttentionKind>>{{"softmax", AttentionKind::softmax},
                                                                                {"sigmoid", AttentionKind::sigmoid},
                                                                                {"top_k", AttentionKind::top_k}}) {
    const auto change = [&](ModelOptions& o) {
      o.attention.weights = weights.second;
      if (weights.second == AttentionKind::top_k) o.attention.top_k = 3;
    };
    cases.add("weights " + weights.first, encoder_decoder(), change);
    for (const ModelOptions& base : {encoder(), decoder()}) {
      const std::string arch = base.arch == Architecture::encoder ? "an encoder" : "a decoder";
      cases.add(fmt::format("weights {} in a window of {}", weights.first, arch), base, [&](ModelOptions& o) {
        change(o);
        o.attention.window = 2;
      });
      cases.add(fmt::format("weights {} of talking heads of {}", weights.first, arch), base, [&](ModelOptions& o) {
        change(o);
        o.attention.talking_heads = true;
        // Not alibi: the same token as far before a query as behind it would tie, and rounding choose between them.
        o.positions = Positions::relative;
      });
      if (weights.second == AttentionKind::sigmoid) continue;
      cases.add(fmt::format("weights {} with a sink at zero in {}", weights.first, arch), base, [&](ModelOptions& o) {
        change(o);
        o.attention.sink = SinkKind::zero;
        o.attention.window = 2;
      });
      cases.add(fmt::format("weights {} with a learned sink of talking heads in {}", weights.first, arch), base,
                [&](ModelOptions& o) {
                  change(o);
                  o.attention.sink = SinkKind::learned;
                  o.attention.talking_heads = true;
                });
    }
  }
  cases.add("multi-query, adjacent rope, qk_norm", decoder(), [](ModelOptions& o) {
    o.kv_heads = 1;
    o.positions = Positions::rope;
    o.attention.rope_pairing = RopePairing::adjacent;
    o.attention.qk_norm = true;
    o.bias.attention = false;
  });
  cases.add("alibi of six heads", encoder(), [](ModelOptions& o) {
    o.heads = 6;
    o.head_size = 2;
    o.positions = Positions::alibi;
  });
  cases.add("near relative positions", decoder(), [](ModelOptions& o) {
    o.positions = Positions::relative;
    o.attention.max_distance = 2;
  });
  for (const std::size_t kernel : {std::size_t{3}, std::size_t{4}}) {
    const auto change = [&](ModelOptions& o) {
      o.attention.value = ValueKind::conv1d;
      o.attention.value_kernel = kernel;
      o.attention.combine = CombineKind::sum;
    };
    cases.add("values of " + std::to_string(kernel) + " positions, heads summed", encoder_decoder(), change);
  }
}

void add_composed(Cases& cases) {
  cases.add_blocks("every other layer", decoder(), R"([
    {"type": "learned_positions", "max_len": 12, "width": 8},
    {"type": "sinusoidal_positions", "max_len": 12, "randomised": 20, "width": 8},
    {"type": "conv1d", "in": 8, "out": 6, "kernel": 3, "dilation": 2},
    {"type": "activation", "kind": "softplus"},
    {"type": "dense", "in": 6, "out": 8, "activation": "sigmoid"},
    {"type": "dropout", "p": 0.5},
    {"name": "whole", "type": "sequential", "layers": [
      {"type": "layer_norm", "width": 8, "gain": false, "bias": false},
      {"type": "rms_norm", "width": 8, "bias": true},
      {"type": "layer_norm", "width": 8, "gain": false, "eps": 0.01},
      {"type": "linear_head", "width": 8, "outputs": 8, "bias": false},
      {"type": "mlp_head", "width": 8, "outputs": 8, "activation": "tanh", "norm_type": "rms"}]},
    {"type": "residual", "body": {"type": "feed_forward", "d_model": 8, "d_ff": 4, "activation": "swiglu"},
     "preprocess": "n", "postprocess": "nh", "width": 8},
    {"type": "residual", "body": {"type": "multi_head_attention", "d_model": 8, "heads": 2}, "norm": "sandwich",
     "width": 8, "residual": "scaled", "residual_per_channel": false},
    {"type": "residual", "body": {"type": "dense", "in": 8, "out": 8}, "norm": "none"},
    {"type": "block", "width": 8, "postprocess": "n", "steps": [
      {"name": "mix", "type": "multi_head_attention", "d_model": 8, "heads": 4, "head_size": 3, "out_size": 8},
      {"type": "conv1d", "in": 8, "out": 8, "kernel": 2, "causal": true}]}
  ])");
  cases.add_blocks("every other layer that looks both ways", encoder(), R"([
    {"type": "batch_norm", "width": 8, "eps": 0.001},
    {"type": "batch_norm", "width": 8, "per_position": true, "max_len": 12, "gain": false, "bias": false},
    {"type": "conv1d", "in": 8, "out": 8, "kernel": 4, "bias": false},
    {"type": "conv1d", "in": 8, "out": 8, "kernel": 2, "causal": true},
    {"type": "multi_head_attention", "d_model": 8, "heads": 2, "window": 3, "bias": false}
  ])");
}

}  // namespace

std::vector<OnnxCase> onnx_cases() {
  Cases cases;
  add_architectures(cases);
  add_surroundings(cases);
  add_attention(cases);
  add_composed(cases);
  return cases.take();
}

std::unique_ptr<Model> drawn_model(const Json& composed) {
  Init init(1);
  auto model = std::make_unique<Model>(composed, init, "model");
  Random random({.seed = 11});
  for (const NamedBuffer& saved : saved_tensors(*model)) {
    Array value = uninitialized(saved.tensor.shape());
    const bool variance = saved.name.ends_with("running_var");
    for (std::size_t i = 0; i < value.size(); ++i) {
      value.data()[i] = static_cast<float>(random.uniform() + (variance ? 0.5 : -0.5));
    }
    saved.tensor.assign(value);
  }
  return model;
}

}  // namespace headlight::testing
