#include "layers/attention_config.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "layers/registry.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void read_score(const LayerConfig& config, MultiHeadAttentionOptions& options) {
  auto json = std::make_shared<nlohmann::json>(config.typed("score", "scaled_dot"));
  const std::string path = config.path_of("score");
  const std::string type = LayerConfig(*json, path).type();
  for (const ScoreKind kind : {ScoreKind::scaled_dot, ScoreKind::dot, ScoreKind::bilinear, ScoreKind::additive,
                               ScoreKind::cosine, ScoreKind::l2}) {
    if (type != name_of(kind)) continue;
    LayerConfig(*json, path).refuse_unread();
    options.score = kind;
    return;
  }
  options.user_score = [json, path](const ScoreSize& size, Init& init) {
    return make_score(LayerConfig(*json, path), size, init);
  };
}

}  // namespace

MultiHeadAttentionOptions attention_options(const LayerConfig& config) {
  MultiHeadAttentionOptions options{.d_model = config.size("d_model"),
                                    .heads = config.size("heads", 1),
                                    .kv_heads = config.size("kv_heads", 0),
                                    .head_size = config.size("head_size", 0),
                                    .value_size = config.size("value_size", 0),
                                    .key_width = config.size("key_width", 0),
                                    .value_width = config.size("value_width", 0),
                                    .out_size = config.size("out_size", 0),
                                    .bias = config.flag("bias", true),
                                    .dropout = config.share("dropout", 0),
                                    .cross = config.flag("cross", false)};
  options.combine =
      config.choice("combine", CombineKind::concat, {{"concat", CombineKind::concat}, {"sum", CombineKind::sum}});
  read_score(config, options);
  options.weights = config.choice("weights", AttentionKind::softmax,
                                  {{"softmax", AttentionKind::softmax},
                                   {"sigmoid", AttentionKind::sigmoid},
                                   {"top_k", AttentionKind::top_k}});
  options.top_k = config.size("top_k", 0);
  options.value =
      config.choice("value", ValueKind::dense, {{"dense", ValueKind::dense}, {"conv1d", ValueKind::conv1d}});
  options.value_kernel = config.size("value_kernel", 0);
  options.window = config.size("window", 0);
  options.sink = config.choice("sink", SinkKind::none,
                               {{"none", SinkKind::none}, {"zero", SinkKind::zero}, {"learned", SinkKind::learned}});
  options.softcap = config.number("softcap", 0, {.from = 0});
  options.qk_norm = config.flag("qk_norm", false);
  options.talking_heads = config.flag("talking_heads", false);
  options.positions = config.choice("positions", AttentionPositions::none,
                                    {{"none", AttentionPositions::none},
                                     {"rope", AttentionPositions::rope},
                                     {"alibi", AttentionPositions::alibi},
                                     {"relative", AttentionPositions::relative}});
  if (options.positions != AttentionPositions::rope) {
    config.refuse_meaningless("rope_pairing", "positions other than rope");
    config.refuse_meaningless("rope_base", "positions other than rope");
  }
  options.rope_pairing = config.choice("rope_pairing", RopePairing::halves,
                                       {{"halves", RopePairing::halves}, {"adjacent", RopePairing::adjacent}});
  options.rope_base = config.number("rope_base", options.rope_base);
  options.max_distance = config.size("max_distance", 0);
  return options;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
