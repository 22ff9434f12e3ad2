#include "layers/attention_options.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/real.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

[[noreturn]] void refuse(std::string_view what, std::string_view values = {}, std::string_view remedy = {}) {
  raise<ConfigError>("multi_head_attention", what, values, remedy);
}

/// "4 or 6": the divisors of `whole` next to a number that does not divide it.
std::string nearest_divisors(std::size_t whole, std::size_t number) {
  std::size_t below = number;
  while (below > 1 && whole % below != 0) --below;
  std::size_t above = number;
  while (above < whole && whole % above != 0) ++above;
  if (above > whole || whole % above != 0) return std::to_string(below);
  return fmt::format("{} or {}", below, above);
}

std::size_t or_else(std::size_t value, std::size_t other) { return value != 0 ? value : other; }

void resolve_widths(MultiHeadAttentionOptions& o) {
  if (o.d_model == 0 || o.heads == 0) {
    refuse("d_model and heads must be at least 1", fmt::format("d_model {}, heads {}", o.d_model, o.heads));
  }
  if (o.head_size == 0) {
    if (o.d_model % o.heads != 0) {
      refuse(fmt::format("d_model {} is no multiple of {} heads", o.d_model, o.heads), {},
             fmt::format("use {} heads, or set head_size", nearest_divisors(o.d_model, o.heads)));
    }
    o.head_size = o.d_model / o.heads;
  }
  o.kv_heads = or_else(o.kv_heads, o.heads);
  if (o.heads % o.kv_heads != 0) {
    refuse(fmt::format("kv_heads {} does not divide heads {}", o.kv_heads, o.heads), {},
           fmt::format("use {} kv_heads", nearest_divisors(o.heads, o.kv_heads)));
  }
  o.value_size = or_else(o.value_size, o.head_size);
  o.key_width = or_else(o.key_width, o.d_model);
  o.value_width = or_else(o.value_width, o.key_width);
  o.out_size = or_else(o.out_size, o.d_model);
}

void check_weights(const MultiHeadAttentionOptions& o) {
  if (!(o.dropout >= 0 && o.dropout < 1)) {
    refuse("the dropout probability is outside [0, 1)", std::to_string(o.dropout));
  }
  if (o.weights == AttentionKind::top_k && o.top_k == 0) {
    refuse("weights top_k needs the key top_k", {}, "set top_k to the number of keys that a query attends to");
  }
  if (o.weights != AttentionKind::top_k && o.top_k != 0) {
    refuse(fmt::format("top_k {} has no meaning without weights top_k", o.top_k), {},
           "set weights to top_k, or leave top_k out");
  }
  if (o.weights == AttentionKind::sigmoid && o.sink != SinkKind::none) {
    refuse("sink has no meaning with weights sigmoid: such weights do not compete, so a sink takes nothing from them",
           {}, "leave the sink out, or set weights to softmax or top_k");
  }
}

void check_scores(const MultiHeadAttentionOptions& o) {
  if (!(o.softcap >= 0) || !std::isfinite(o.softcap)) {
    refuse("softcap must be finite and above 0", fmt::format("{}", o.softcap), "leave it out for no cap");
  }
  // Scores are divided and multiplied by the rounded number: 0 or infinity would make NaN of them.
  const Real cap = static_cast<Real>(o.softcap);
  if (o.softcap > 0 && (!(cap > 0) || !std::isfinite(cap))) {
    refuse("softcap is 0 or infinite in the precision of this build", fmt::format("{}", o.softcap),
           "use a number such as 50, or leave it out for no cap");
  }
  if (o.qk_norm && o.score == ScoreKind::cosine) {
    refuse("qk_norm has no meaning with score cosine, which normalises queries and keys itself", {},
           "leave qk_norm out, or set score to dot");
  }
}

void resolve_positions(MultiHeadAttentionOptions& o) {
  if (o.cross && o.positions != AttentionPositions::none) {
    refuse("positions has no meaning with cross: input and memory are two sequences, and no distance lies between them",
           {}, "leave positions out of the cross-attention");
  }
  // It would be counted from the last query of a call: what a query sees would hang on how many run with it.
  if (o.cross && o.window != 0) {
    refuse(fmt::format("window {} has no meaning with cross: input and memory are two sequences, and no distance lies "
                       "between them",
                       o.window),
           {}, "leave window out of the cross-attention, or hide keys in Context::memory_mask");
  }
  const bool turns = o.positions == AttentionPositions::rope;
  if (turns && o.head_size % 2 != 0) {
    refuse(fmt::format("positions rope turns pairs of elements, but head_size is {}", o.head_size), {},
           "use an even head_size");
  }
  if (turns && o.user_score == nullptr && (o.score == ScoreKind::additive || o.score == ScoreKind::bilinear)) {
    refuse(
        fmt::format("positions rope has no meaning with score {}: only in dot products and distances do the rotations "
                    "of query and key combine to one by their distance",
                    o.score == ScoreKind::additive ? "additive" : "bilinear"),
        {}, "set positions to alibi or relative, or score to scaled_dot");
  }
  if (!(o.rope_base > 0) || !std::isfinite(o.rope_base)) {
    refuse("rope_base must be finite and above 0", fmt::format("{}", o.rope_base));
  }
  if (o.positions != AttentionPositions::relative && o.max_distance != 0) {
    refuse(fmt::format("max_distance {} has no meaning without positions relative", o.max_distance), {},
           "set positions to relative, or leave max_distance out");
  }
  if (o.positions == AttentionPositions::relative) o.max_distance = or_else(o.max_distance, 16);
}

void resolve_value(MultiHeadAttentionOptions& o) {
  if (o.value != ValueKind::conv1d && o.value_kernel != 0) {
    refuse(fmt::format("value_kernel {} has no meaning without value conv1d", o.value_kernel), {},
           "set value to conv1d, or leave value_kernel out");
  }
  if (o.value == ValueKind::conv1d) o.value_kernel = or_else(o.value_kernel, 3);
}

}  // namespace

MultiHeadAttentionOptions resolved(MultiHeadAttentionOptions options) {
  resolve_widths(options);
  check_weights(options);
  check_scores(options);
  resolve_positions(options);
  resolve_value(options);
  return options;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
