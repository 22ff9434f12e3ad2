#include <fmt/format.h>

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "layers/activation.h"
#include "layers/models/model_options.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Json = nlohmann::json;

const char* name_of(NormPlacement placement) {
  switch (placement) {
    case NormPlacement::pre:
      return "pre";
    case NormPlacement::post:
      return "post";
    case NormPlacement::none:
      return "none";
    case NormPlacement::sandwich:
      return "sandwich";
    case NormPlacement::parallel:
      return "parallel";
  }
  raise<StateError>("expand", "a norm placement without a name");
}

const char* name_of(ResidualKind kind) {
  switch (kind) {
    case ResidualKind::plain:
      return "plain";
    case ResidualKind::scaled:
      return "scaled";
    case ResidualKind::gated:
      return "gated";
  }
  raise<StateError>("expand", "a kind of residual without a name");
}

const char* name_of(NormType type) {
  switch (type) {
    case NormType::layer:
      return "layer";
    case NormType::rms:
      return "rms";
    case NormType::batch:
      return "batch";
  }
  raise<StateError>("expand", "a type of norm without a name");
}

const char* name_of(Positions positions) {
  switch (positions) {
    case Positions::none:
      return "none";
    case Positions::sinusoidal:
      return "sinusoidal";
    case Positions::learned:
      return "learned";
    case Positions::rope:
      return "rope";
    case Positions::alibi:
      return "alibi";
    case Positions::relative:
      return "relative";
  }
  raise<StateError>("expand", "a kind of positions without a name");
}

const char* name_of(Predict predict) {
  switch (predict) {
    case Predict::every:
      return "every";
    case Predict::last:
      return "last";
    case Predict::pooled:
      return "pooled";
    case Predict::pointer:
      return "pointer";
  }
  raise<StateError>("expand", "a place of prediction without a name");
}

const char* name_of(Architecture arch) {
  switch (arch) {
    case Architecture::encoder:
      return "encoder";
    case Architecture::decoder:
      return "decoder";
    case Architecture::encoder_decoder:
      return "encoder-decoder";
  }
  raise<StateError>("expand", "an architecture without a name");
}

AttentionPositions attention_positions(Positions positions) {
  switch (positions) {
    case Positions::rope:
      return AttentionPositions::rope;
    case Positions::alibi:
      return AttentionPositions::alibi;
    case Positions::relative:
      return AttentionPositions::relative;
    case Positions::none:
    case Positions::sinusoidal:
    case Positions::learned:
      break;
  }
  return AttentionPositions::none;
}

bool is_added(Positions positions) { return positions == Positions::sinusoidal || positions == Positions::learned; }

void check(const ModelOptions& o) {
  const auto refuse = [](const std::string& what, const std::string& values, const std::string& remedy) {
    raise<ConfigError>("model", what, values, remedy);
  };
  if (o.d_model == 0) refuse("d_model must be at least 1", "d_model 0", {});
  if ((o.vocabulary == 0) == (o.features == 0)) {
    refuse("a model reads either tokens or vectors",
           fmt::format("vocabulary {}, features {}", o.vocabulary, o.features), "give one of the two");
  }
  if (o.arch != Architecture::encoder_decoder && (o.target_vocabulary != 0 || o.encoder_layers != 0)) {
    refuse("only an encoder_decoder has a target_vocabulary and encoder_layers",
           fmt::format("target_vocabulary {}, encoder_layers {}", o.target_vocabulary, o.encoder_layers),
           "leave them at 0");
  }
  if (o.arch == Architecture::encoder_decoder && o.vocabulary == 0 && o.target_vocabulary == 0) {
    refuse("a target of tokens needs its vocabulary", "target_vocabulary 0", "give target_vocabulary");
  }
  if (o.predict == Predict::pointer && (o.outputs != 0 || o.head == HeadKind::mlp || o.tie_embeddings)) {
    refuse("a pointer chooses among the positions: it has no outputs, mlp or tied table", {}, "leave them out");
  }
  const MultiHeadAttentionOptions& a = o.attention;
  if (a.d_model != 0 || a.heads != 1 || a.kv_heads != 0 || a.head_size != 0 || !a.bias || a.dropout != 0 || a.cross ||
      a.positions != AttentionPositions::none || a.key_width != 0 || a.value_width != 0 || a.user_score != nullptr) {
    refuse("a part of `attention` is said by the model itself", {},
           "set heads, kv_heads, head_size, positions, bias and dropout of the model; for anything else write blocks");
  }
}

std::string activation_name(const ModelOptions& o) {
  if (!o.gated) return std::string(name_of(o.activation));
  if (o.activation == Activation::silu) return "swiglu";
  if (o.activation == Activation::gelu) return "geglu";
  raise<ConfigError>("model", "this activation has no gated form", std::string(name_of(o.activation)),
                     "take silu (swiglu) or gelu (geglu)");
}

Json attention_step(const ModelOptions& o, bool cross) {
  MultiHeadAttentionOptions attention = o.attention;
  attention.d_model = o.d_model;
  attention.heads = o.heads;
  attention.kv_heads = o.kv_heads;
  attention.head_size = o.head_size;
  attention.bias = o.bias.attention;
  attention.dropout = o.dropout.attention;
  attention.cross = cross;
  if (cross) {
    // Distances between two different sequences mean nothing.
    const MultiHeadAttentionOptions plain;
    attention.window = plain.window;
    attention.rope_pairing = plain.rope_pairing;
    attention.rope_base = plain.rope_base;
    attention.max_distance = plain.max_distance;
  } else {
    attention.positions = attention_positions(o.positions);
  }
  resolved(attention);  // throws where no such attention can be
  Json json = to_json(attention);
  json["name"] = cross ? "cross_attention" : "attention";
  return json;
}

Json feed_forward_step(const ModelOptions& o) {
  Json json{{"name", "feed_forward"},
            {"type", "feed_forward"},
            {"d_model", o.d_model},
            {"d_ff", o.d_ff != 0 ? o.d_ff : 4 * o.d_model},
            {"activation", activation_name(o)}};
  if (!o.bias.feed_forward) json["bias"] = false;
  if (o.dropout.feed_forward != 0) json["dropout"] = o.dropout.feed_forward;
  return json;
}

/// One block; `looks_back` when it must not see the future, `cross` with attention to an encoder's result.
Json block(const ModelOptions& o, bool looks_back, bool cross) {
  Json block{{"type", "block"}, {"width", o.d_model}, {"norm", name_of(o.norm)}};
  if (o.residual != ResidualKind::plain) block["residual"] = name_of(o.residual);
  if (o.skip_scale != 1) block["skip_scale"] = o.skip_scale;
  if (o.dropout.residual != 0) block["dropout"] = o.dropout.residual;
  if (o.norm != NormPlacement::none) {
    if (o.norm_type != NormType::layer) block["norm_type"] = name_of(o.norm_type);
    block["norm_eps"] = o.norm_eps;
    if (o.norm_bias) block["norm_bias"] = *o.norm_bias;
    if (o.norm_type == NormType::batch && looks_back) {
      block["norm_per_position"] = true;
      block["max_len"] = o.max_len;
    }
  }
  Json steps = Json::array({attention_step(o, false)});
  if (cross) steps.push_back(attention_step(o, true));
  if (!o.attention_only) steps.push_back(feed_forward_step(o));
  block["steps"] = std::move(steps);
  return block;
}

Json stack(const ModelOptions& o, std::size_t layers, bool looks_back, bool cross) {
  Json blocks = Json::array();
  for (std::size_t i = 0; i < layers; ++i) blocks.push_back(block(o, looks_back, cross));
  return blocks;
}

void put_input(const ModelOptions& o, Json& model) {
  if (o.vocabulary != 0) model["vocabulary"] = o.vocabulary;
  if (o.features != 0) model["features"] = o.features;
  if (o.arch == Architecture::encoder_decoder) {
    model["target_vocabulary"] = o.target_vocabulary != 0 ? o.target_vocabulary : o.vocabulary;
  }
  if (o.max_len != 0) model["max_len"] = o.max_len;
  model["positions"] = is_added(o.positions) ? name_of(o.positions) : "none";
  if (o.randomised_positions != 0) model["randomised_positions"] = o.randomised_positions;
  model["scale_embeddings"] = o.scale_embeddings;
  model["dropout"] = {{"embedding", o.dropout.embedding}, {"input", o.dropout.input}};
}

void put_head(const ModelOptions& o, Json& model) {
  model["predict"] = name_of(o.predict);
  if (o.predict == Predict::pointer) {
    model["pointer_query"] = name_of(o.pointer_query);
  } else {
    model["head"] = o.head == HeadKind::mlp ? "mlp" : "linear";
    model["tie_embeddings"] = o.tie_embeddings;
    if (o.outputs != 0) model["outputs"] = o.outputs;
  }
  model["bias"] = {{"embedding", o.bias.embedding}, {"head", o.bias.head}};
  const bool ends_without = o.norm == NormPlacement::post || o.norm == NormPlacement::none;
  const bool final_norm = o.final_norm.value_or(!ends_without);
  model["final_norm"] = final_norm;
  if (final_norm) model["norm_type"] = name_of(o.norm_type);
  if (!final_norm && o.head != HeadKind::mlp) return;
  model["norm_eps"] = o.norm_eps;
  if (o.norm_bias) model["norm_bias"] = *o.norm_bias;
  if (o.head != HeadKind::mlp) return;
  if (o.gated) raise<ConfigError>("model", "an mlp head has no gate", {}, "take an activation that is not gated");
  model["activation"] = name_of(o.activation);
}

}  // namespace

Json expand(const ModelOptions& options) {
  check(options);
  Json model{{"arch", name_of(options.arch)}, {"d_model", options.d_model}};
  put_input(options, model);
  put_head(options, model);
  const bool two_stacks = options.arch == Architecture::encoder_decoder;
  if (two_stacks) {
    const std::size_t layers = options.encoder_layers != 0 ? options.encoder_layers : options.layers;
    model["encoder_blocks"] = stack(options, layers, false, false);
  }
  model["blocks"] = stack(options, options.layers, options.arch != Architecture::encoder, two_stacks);
  return model;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
