#include <nlohmann/json.hpp>

#include "layers/models/model_options.h"

namespace headlight::inline HEADLIGHT_PRECISION {

nlohmann::json to_json(const MultiHeadAttentionOptions& options) {
  const MultiHeadAttentionOptions standard;
  nlohmann::json json{{"type", "multi_head_attention"}, {"d_model", options.d_model}, {"heads", options.heads}};
  const auto put = [&json](const char* key, const auto& value, const auto& fallback) {
    if (value != fallback) json[key] = value;
  };
  put("kv_heads", options.kv_heads, standard.kv_heads);
  put("head_size", options.head_size, standard.head_size);
  put("value_size", options.value_size, standard.value_size);
  put("key_width", options.key_width, standard.key_width);
  put("value_width", options.value_width, standard.value_width);
  put("out_size", options.out_size, standard.out_size);
  put("bias", options.bias, standard.bias);
  put("dropout", options.dropout, standard.dropout);
  put("cross", options.cross, standard.cross);
  if (options.combine == CombineKind::sum) json["combine"] = "sum";
  if (options.score != standard.score) json["score"] = name_of(options.score);
  if (options.weights == AttentionKind::sigmoid) json["weights"] = "sigmoid";
  if (options.weights == AttentionKind::top_k) json["weights"] = "top_k";
  put("top_k", options.top_k, standard.top_k);
  if (options.value == ValueKind::conv1d) json["value"] = "conv1d";
  put("value_kernel", options.value_kernel, standard.value_kernel);
  put("window", options.window, standard.window);
  if (options.sink == SinkKind::zero) json["sink"] = "zero";
  if (options.sink == SinkKind::learned) json["sink"] = "learned";
  put("softcap", options.softcap, standard.softcap);
  put("qk_norm", options.qk_norm, standard.qk_norm);
  put("talking_heads", options.talking_heads, standard.talking_heads);
  if (options.positions == AttentionPositions::rope) json["positions"] = "rope";
  if (options.positions == AttentionPositions::alibi) json["positions"] = "alibi";
  if (options.positions == AttentionPositions::relative) json["positions"] = "relative";
  if (options.rope_pairing == RopePairing::adjacent) json["rope_pairing"] = "adjacent";
  put("rope_base", options.rope_base, standard.rope_base);
  put("max_distance", options.max_distance, standard.max_distance);
  return json;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
