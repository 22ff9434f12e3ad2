#include "apps/training/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/training/weights.h"
#include "core/error.h"
#include "layers/layer_error.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

Activation activation_of(config::Activation activation) {
  switch (activation) {
    case config::Activation::kRelu:
      return Activation::relu;
    case config::Activation::kGelu:
    case config::Activation::kGeglu:
      return Activation::gelu;
    case config::Activation::kGeluTanh:
      return Activation::gelu_tanh;
    case config::Activation::kSilu:
    case config::Activation::kSwiglu:
      return Activation::silu;
    case config::Activation::kTanh:
      return Activation::tanh;
  }
  raise<StateError>("model", "an activation of the config has no counterpart in layers");
}

template <class Ours, class Theirs>
Ours counterpart(Theirs value, std::initializer_list<std::pair<Theirs, Ours>> table) {
  for (const auto& [theirs, ours] : table) {
    if (theirs == value) return ours;
  }
  raise<StateError>("model", "a word of the config has no counterpart in layers");
}

Architecture architecture_of(config::Arch arch) {
  return counterpart<Architecture>(arch, {{config::Arch::kEncoder, Architecture::encoder},
                                          {config::Arch::kDecoder, Architecture::decoder},
                                          {config::Arch::kEncoderDecoder, Architecture::encoder_decoder}});
}

NormPlacement placement_of(config::Norm norm) {
  return counterpart<NormPlacement>(norm, {{config::Norm::kPre, NormPlacement::pre},
                                           {config::Norm::kPost, NormPlacement::post},
                                           {config::Norm::kSandwich, NormPlacement::sandwich},
                                           {config::Norm::kParallel, NormPlacement::parallel},
                                           {config::Norm::kNone, NormPlacement::none}});
}

NormType norm_type_of(config::NormType type) {
  return counterpart<NormType>(type, {{config::NormType::kLayer, NormType::layer},
                                      {config::NormType::kRms, NormType::rms},
                                      {config::NormType::kBatch, NormType::batch}});
}

ResidualKind residual_of(config::ResidualKind kind) {
  return counterpart<ResidualKind>(kind, {{config::ResidualKind::kPlain, ResidualKind::plain},
                                          {config::ResidualKind::kScaled, ResidualKind::scaled},
                                          {config::ResidualKind::kGated, ResidualKind::gated}});
}

Positions positions_of(config::Positions positions) {
  return counterpart<Positions>(positions, {{config::Positions::kSinusoidal, Positions::sinusoidal},
                                            {config::Positions::kLearned, Positions::learned},
                                            {config::Positions::kRope, Positions::rope},
                                            {config::Positions::kAlibi, Positions::alibi},
                                            {config::Positions::kRelative, Positions::relative},
                                            {config::Positions::kNone, Positions::none}});
}

Predict predict_of(Prediction prediction) {
  return counterpart<Predict>(prediction, {{Prediction::every, Predict::every},
                                           {Prediction::last, Predict::last},
                                           {Prediction::pooled, Predict::pooled},
                                           {Prediction::pointer, Predict::pointer}});
}

bool is_gated(config::Activation activation) {
  return activation == config::Activation::kSwiglu || activation == config::Activation::kGeglu;
}

MultiHeadAttentionOptions attention_of(const config::ModelConfig& model) {
  using config::AttentionScore;
  const config::AttentionConfig& a = model.attention;
  MultiHeadAttentionOptions options;
  options.score = counterpart<ScoreKind>(a.score, {{AttentionScore::kScaledDot, ScoreKind::scaled_dot},
                                                   {AttentionScore::kDot, ScoreKind::dot},
                                                   {AttentionScore::kBilinear, ScoreKind::bilinear},
                                                   {AttentionScore::kAdditive, ScoreKind::additive},
                                                   {AttentionScore::kCosine, ScoreKind::cosine},
                                                   {AttentionScore::kL2, ScoreKind::l2}});
  options.weights =
      counterpart<AttentionKind>(a.weights, {{config::AttentionWeighting::kSoftmax, AttentionKind::softmax},
                                             {config::AttentionWeighting::kSigmoid, AttentionKind::sigmoid},
                                             {config::AttentionWeighting::kTopK, AttentionKind::top_k}});
  options.top_k = a.top_k;
  options.combine = a.combine == config::Combine::kSum ? CombineKind::sum : CombineKind::concat;
  options.value = a.value == config::ValueKind::kConv1d ? ValueKind::conv1d : ValueKind::dense;
  options.value_kernel = a.value_kernel;
  options.window = a.window.value_or(0);
  options.sink = counterpart<SinkKind>(a.sink, {{config::Sink::kNone, SinkKind::none},
                                                {config::Sink::kLearned, SinkKind::learned},
                                                {config::Sink::kZero, SinkKind::zero}});
  options.softcap = a.softcap.value_or(0);
  options.qk_norm = a.qk_norm;
  options.talking_heads = a.talking_heads;
  if (a.rope_pairing == config::RopePairing::kAdjacent) options.rope_pairing = RopePairing::adjacent;
  options.max_distance = a.max_distance;
  options.value_size = a.value_size == model.attention.key_size ? 0 : a.value_size;
  return options;
}

InitScheme scheme_of(config::InitScheme scheme) {
  switch (scheme) {
    case config::InitScheme::kNormal:
      return InitScheme::normal;
    case config::InitScheme::kXavierUniform:
      return InitScheme::xavier_uniform;
    case config::InitScheme::kTorch:
      return InitScheme::torch;
    case config::InitScheme::kKeras:
      return InitScheme::keras;
    case config::InitScheme::kScaledNormal:
      return InitScheme::scaled_normal;
  }
  raise<StateError>("model", "an init scheme of the config has no counterpart in layers");
}

/// The same JSON with the name and the type of each layer first and lists of layers last, as people write it.
nlohmann::ordered_json readable(const nlohmann::json& json) {
  if (json.is_array()) {
    auto list = nlohmann::ordered_json::array();
    for (const nlohmann::json& item : json) list.push_back(readable(item));
    return list;
  }
  if (!json.is_object()) return nlohmann::ordered_json::parse(json.dump());
  auto object = nlohmann::ordered_json::object();
  for (const char* key : {"name", "type"}) {
    if (json.contains(key)) object[key] = readable(json[key]);
  }
  for (const bool structured : {false, true}) {
    for (const auto& item : json.items()) {
      if (item.value().is_structured() == structured) object[item.key()] = readable(item.value());
    }
  }
  return object;
}

InitOptions init_options(const config::InitConfig& init, const nlohmann::json& composed) {
  InitOptions options{.scheme = scheme_of(init.scheme)};
  if (options.scheme == InitScheme::normal) options.std = init.std;
  options.embedding_std = init.embedding_std;
  options.head_std = init.head_std;
  if (init.residual_scale.writes != 0) options.residual_writes = init.residual_scale.writes;
  if (init.residual_scale.by_layers) options.residual_writes = std::max<std::size_t>(1, residual_writes(composed));
  return options;
}

/// Refuses keys that did nothing in a model that has been built.
void check_init(const config::InitConfig& config, const Init& init, const nlohmann::json& composed) {
  std::vector<LayerError::Fault> faults;
  const auto without_effect = [&](const char* key, const char* why, const char* help) {
    faults.push_back({.path = fmt::format("model.init.{}", key),
                      .what = fmt::format("`{}` has no effect: {}", key, why),
                      .help = help});
  };
  if (config.residual_scale.by_layers && residual_writes(composed) == 0) {
    without_effect("residual_scale", "no layer of the model is a block or a residual, whose steps it counts",
                   "give the number of writes to the residual stream, or leave it out");
  }
  if (config.head_std && !init.drew_head()) {
    without_effect("head_std", "the model's head has no matrix of its own",
                   "leave it out; a tied head is drawn with the embeddings: `embedding_std`");
  }
  if (!faults.empty()) throw LayerError(std::move(faults));
}

}  // namespace

ModelOptions model_options(const config::ModelConfig& model, const Task& task) {
  const bool two_stacks = model.arch == config::Arch::kEncoderDecoder;
  const bool composed = model.blocks.has_value();
  const TaskShape shape = task.shape();
  ModelOptions options{
      .arch = architecture_of(model.arch),
      .vocabulary = shape.vocabulary,
      .features = shape.features,
      .target_vocabulary = shape.second_vocabulary,
      .outputs = shape.values > 0 ? shape.values : shape.classes,
      .d_model = model.d_model,
      .heads = composed ? 1 : model.heads,
      .kv_heads = model.kv_heads == model.heads ? 0 : model.kv_heads,
      .head_size = model.attention.key_size,
      .d_ff = model.d_ff,
      .layers = two_stacks ? model.decoder_layers : model.layers,
      .encoder_layers = two_stacks ? model.encoder_layers : 0,
      .attention_only = model.attention_only,
      .max_len = model.max_len,
      .norm = placement_of(model.norm),
      .residual = residual_of(model.residual),
      .skip_scale = model.skip_scale,
      .final_norm = model.final_norm,
      .norm_type = norm_type_of(model.norm_type),
      .norm_eps = model.norm_eps,
      .norm_bias = model.norm_bias,
      .activation = activation_of(model.activation),
      .gated = is_gated(model.activation),
      .positions = positions_of(model.positions),
      .randomised_positions = model.randomised_positions.value_or(0),
      .attention = attention_of(model),
      .predict = predict_of(shape.predict),
      .head = model.head == config::Head::kMlp ? HeadKind::mlp : HeadKind::linear,
      .tie_embeddings = model.tie_embeddings,
      .scale_embeddings = model.scale_embeddings,
      .dropout = {.embedding = model.dropout.embedding,
                  .input = model.dropout.input,
                  .attention = model.dropout.attention,
                  .residual = model.dropout.residual,
                  .feed_forward = model.dropout.ff},
      .bias = {.embedding = model.bias.embedding,
               .attention = model.bias.attention,
               .feed_forward = model.bias.ff,
               .head = model.bias.head},
  };
  return options;
}

nlohmann::json composed_model(const config::ModelConfig& model, const Task& task) {
  nlohmann::json composed = expand(model_options(model, task));
  if (model.blocks) composed["blocks"] = nlohmann::json::parse(model.blocks->json);
  if (model.encoder_blocks) composed["encoder_blocks"] = nlohmann::json::parse(model.encoder_blocks->json);
  return composed;
}

config::Config expanded(const config::Config& config, const Task& task) {
  config::Config written = config;
  config::ModelConfig& model = written.model;
  const nlohmann::json composed = composed_model(model, task);
  model.blocks = config::LayerList{readable(composed.at("blocks")).dump()};
  if (composed.contains("encoder_blocks")) {
    model.encoder_blocks = config::LayerList{readable(composed.at("encoder_blocks")).dump()};
  }
  const bool added =
      model.positions == config::Positions::kSinusoidal || model.positions == config::Positions::kLearned;
  if (!added) model.positions = config::Positions::kNone;
  return written;
}

std::unique_ptr<Model> build_empty_model(const config::Config& config, const Task& task) {
  const nlohmann::json composed = composed_model(config.model, task);
  Init init(config.seed, init_options(config.model.init, composed));
  auto model = std::make_unique<Model>(composed, init, "model");
  check_init(config.model.init, init, composed);
  return model;
}

std::unique_ptr<Model> build_model(const config::Config& config, const Task& task) {
  std::unique_ptr<Model> model = build_empty_model(config, task);
  const config::LoadConfig& load = config.model.load;
  if (!load.file) return model;
  try {
    load_weights(*load.file, *model, {.rename = load.rename.value_or(Renames{})});
  } catch (const FileError& error) {
    throw LayerError({{.path = "model.load.file",
                       .what = error.what(),
                       .help = "give a safetensors file with weights of this model, or leave `model.load` out"}});
  }
  return model;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
