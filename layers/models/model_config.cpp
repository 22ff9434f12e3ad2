#include "layers/models/model_config.h"

#include "layers/activation.h"
#include "layers/layer_config.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

ModelSurroundings surroundings(const LayerConfig& config) {
  ModelSurroundings s{.d_model = config.size("d_model"),
                      .max_len = config.size("max_len", 0),
                      .positions = config.choice("positions", Positions::none,
                                                 {{"none", Positions::none},
                                                  {"sinusoidal", Positions::sinusoidal},
                                                  {"learned", Positions::learned}}),
                      .scale_embeddings = config.flag("scale_embeddings", false),
                      .final_norm = config.flag("final_norm", false)};
  if (s.positions != Positions::none) {
    config.size("max_len");
    s.randomised = config.size("randomised_positions", 0);
  } else {
    config.refuse_meaningless("randomised_positions", "positions none");
  }
  if (const auto dropout = config.section("dropout")) {
    s.embedding_dropout = dropout->share("embedding", 0);
    s.input_dropout = dropout->share("input", 0);
    dropout->refuse_unread();
  }
  if (const auto bias = config.section("bias")) s.embedding_bias = bias->flag("embedding", false);
  if (s.final_norm) s.norm.type = config.parsed("norm_type", "layer", norm_type_of);
  s.norm.width = s.d_model;
  s.norm.eps = config.number("norm_eps", 1e-5, {.from = 0});
  if (config.has("norm_bias")) s.norm.bias = config.flag("norm_bias", true);
  return s;
}

HeadOptions model_head_options(const LayerConfig& config, const ModelSurroundings& s, std::size_t vocabulary) {
  HeadOptions options{.width = s.d_model, .predict = config.parsed("predict", "every", predict_of)};
  if (const auto bias = config.section("bias")) {
    options.bias = bias->flag("head", true);
    bias->flag("embedding", false);
    bias->refuse_unread();
  }
  if (options.predict == Predict::pointer) {
    for (const char* key : {"head", "outputs", "tie_embeddings"}) config.refuse_meaningless(key, "predict pointer");
    options.pointer_query = config.parsed("pointer_query", "last", predict_of);
    return options;
  }
  options.outputs = config.size("outputs", vocabulary);
  options.kind = config.choice("head", HeadKind::linear, {{"linear", HeadKind::linear}, {"mlp", HeadKind::mlp}});
  if (options.kind == HeadKind::mlp) options.activation = config.parsed("activation", "gelu", activation_of);
  options.normalization = {.width = s.d_model, .eps = s.norm.eps, .bias = s.norm.bias};
  return options;
}

}  // namespace

ModelConfig model_config(const LayerConfig& config) {
  ModelConfig known;
  known.arch = config.choice("arch", Architecture::encoder,
                             {{"encoder", Architecture::encoder},
                              {"decoder", Architecture::decoder},
                              {"encoder-decoder", Architecture::encoder_decoder}});
  known.around = surroundings(config);
  known.source = {.vocabulary = config.size("vocabulary", 0), .features = config.size("features", 0)};
  if (known.source.vocabulary == 0 && known.source.features == 0) config.size("vocabulary");
  if (known.source.vocabulary != 0) config.refuse_meaningless("features", "a vocabulary");
  known.target = known.source;
  if (known.arch == Architecture::encoder_decoder) {
    known.target = {.vocabulary = config.size("target_vocabulary"), .features = 0};
  } else {
    config.refuse_meaningless("target_vocabulary", "an arch other than encoder-decoder");
    config.refuse_meaningless("encoder_blocks", "an arch other than encoder-decoder");
  }
  known.head = model_head_options(config, known.around, known.target.vocabulary);
  known.tied = known.head.predict != Predict::pointer && config.flag("tie_embeddings", false);
  for (const char* key : {"blocks", "encoder_blocks"}) static_cast<void>(config.has(key));
  config.refuse_unread();
  return known;
}

NormOptions final_norm_options(const ModelSurroundings& around, bool looks_back) {
  NormOptions norm = around.norm;
  if (norm.type == NormType::batch && looks_back) {
    norm.per_position = true;
    norm.max_len = around.max_len;
  }
  return norm;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
