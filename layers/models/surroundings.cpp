#include "layers/models/surroundings.h"

#include <nlohmann/json.hpp>

#include "layers/activation.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Surroundings surroundings(const LayerConfig& config) {
  Surroundings s{.d_model = config.size("d_model"),
                 .max_len = config.size("max_len", 0),
                 .positions = config.choice("positions", Positions::none,
                                            {{"none", Positions::none},
                                             {"sinusoidal", Positions::sinusoidal},
                                             {"learned", Positions::learned}}),
                 .randomised = 0,
                 .embedding_dropout = 0,
                 .input_dropout = 0,
                 .embedding_bias = false,
                 .scale_embeddings = config.flag("scale_embeddings", false),
                 .final_norm = config.flag("final_norm", false),
                 .norm = {}};
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

HeadOptions head_options(const LayerConfig& config, const Surroundings& s, std::size_t vocabulary) {
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

}  // namespace headlight::inline HEADLIGHT_PRECISION
