// Attention, spelled out: what MultiHeadAttention computes, with the weights as an output of the graph.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/export/onnx_layers.h"
#include "apps/training/attention_layers.h"
#include "core/error.h"
#include "layers/attention_bias.h"
#include "layers/attention_config.h"
#include "layers/layer_config.h"
#include "layers/layer_error.h"

namespace headlight {
namespace {

/// Writes one attention layer. Queries, keys and values have their heads apart: (B, H, T, D).
class OnnxAttention {
 public:
  OnnxAttention(OnnxContext& context, const OnnxLayer& layer, const MultiHeadAttentionOptions& options)
      : context_(context),
        b_(context.builder),
        graph_(context.builder.graph()),
        path_(layer.path),
        o_(resolved(options)),
        keys_(o_.cross ? *context.memory_sequence : context.sequence) {}

  OnnxValue operator()(const OnnxValue& x) {
    const OnnxValue& from = o_.cross ? context_.memory : x;
    const OnnxValue query = heads_apart(b_.linear(x, below("query")), "query_gain", o_.heads, o_.head_size);
    const OnnxValue key = heads_apart(b_.linear(from, below("key")), "key_gain", o_.kv_heads, o_.head_size);
    const OnnxValue value = repeated(apart(values(from), o_.kv_heads, o_.value_size));
    const Weights made = weights(query, repeated(key));
    OnnxValue z = b_.matmul(made.keys, value);
    if (o_.sink == SinkKind::learned) {
      z = b_.sum(z, b_.product(made.sink, one_per_head(below("sink_value"), o_.value_size)));
    }
    return b_.linear(joined(z), below("output"));
  }

 private:
  struct Weights {
    OnnxValue keys;  ///< (B, H, Tq, Tk)
    OnnxValue sink;  ///< (B, H, Tq, 1), or ""
  };

  std::string below(const char* name) const { return join_path(path_, name); }
  static std::int64_t extent(std::size_t size) { return static_cast<std::int64_t>(size); }

  /// (B, T, heads * size) -> (B, heads, T, size)
  OnnxValue apart(const OnnxValue& packed, std::size_t heads, std::size_t size) {
    return b_.transpose(b_.reshape(packed, {0, 0, extent(heads), extent(size)}), {0, 2, 1, 3});
  }

  /// The same of queries or keys, with [qk_norm] and [rope].
  OnnxValue heads_apart(const OnnxValue& packed, const char* gain, std::size_t heads, std::size_t size) {
    OnnxValue x = b_.reshape(packed, {0, 0, extent(heads), extent(size)});
    constexpr float kNormEps = 1e-6F;
    if (o_.qk_norm) x = b_.product(b_.rms_normalize(x, kNormEps), b_.parameter(below(gain)));
    if (o_.positions == AttentionPositions::rope) x = turned(x, heads);
    return b_.transpose(x, {0, 2, 1, 3});
  }

  /// rope() of (B, T, heads, D): each pair (p, q) becomes (p cos - q sin, q cos + p sin).
  OnnxValue turned(const OnnxValue& x, std::size_t heads) {
    const std::size_t pairs = o_.head_size / 2;
    const auto [cosine, sine] = context_.sequence.turns(pairs, o_.rope_base);
    const bool adjacent = o_.rope_pairing == RopePairing::adjacent;
    const std::int64_t axis = -1;
    OnnxValue first, second;
    if (adjacent) {
      const OnnxValue in_pairs = b_.reshape(x, {0, 0, extent(heads), extent(pairs), 2});
      first = b_.without_axes(b_.part(in_pairs, 0, 1), {4});
      second = b_.without_axes(b_.part(in_pairs, 1, 2), {4});
    } else {
      first = b_.part(x, 0, extent(pairs));
      second = b_.part(x, extent(pairs), extent(o_.head_size));
    }
    OnnxValue a = b_.difference(b_.product(first, cosine), b_.product(second, sine));
    OnnxValue c = b_.sum(b_.product(second, cosine), b_.product(first, sine));
    if (!adjacent) return graph_.node("Concat", {a, c}, {{"axis", axis}});
    a = b_.with_axes(a, {4});
    c = b_.with_axes(c, {4});
    return b_.reshape(graph_.node("Concat", {a, c}, {{"axis", axis}}), {0, 0, extent(heads), extent(o_.head_size)});
  }

  /// Head h / (H / Hkv) in place h of axis `axis`.
  OnnxValue repeated(const OnnxValue& x, std::int64_t axis = 1) {
    if (o_.kv_heads == o_.heads) return x;
    std::vector<std::int64_t> from;
    for (std::size_t h = 0; h < o_.heads; ++h) from.push_back(extent(h / (o_.heads / o_.kv_heads)));
    return graph_.node("Gather", {x, graph_.integers(from)}, {{"axis", axis}});
  }

  /// A parameter (Hkv, size) as (1, H, 1, size).
  OnnxValue one_per_head(const std::string& name, std::size_t size) {
    return b_.reshape(repeated(b_.parameter(name), 0), {1, extent(o_.heads), 1, extent(size)});
  }

  OnnxValue values(const OnnxValue& from) {
    if (o_.value == ValueKind::dense) return b_.linear(from, below("value"));
    const std::size_t reach = o_.value_kernel - 1;
    const std::size_t before = context_.causal && !o_.cross ? reach : reach / 2;
    return b_.convolution(keys_.zero_padding(from), below("value"), before, reach - before, 1);
  }

  OnnxValue dot(const OnnxValue& query, const OnnxValue& key) {
    return b_.matmul(query, b_.transpose(key, {0, 1, 3, 2}));
  }

  /// The score of each pair, [capped]; key (B or 1, H, Tk, D).
  OnnxValue scores(OnnxValue query, OnnxValue key) {
    const auto one_over_root = static_cast<float>(1 / std::sqrt(static_cast<double>(o_.head_size)));
    OnnxValue made;
    switch (o_.score) {
      case ScoreKind::scaled_dot:
        made = b_.scaled(dot(query, key), one_over_root);
        break;
      case ScoreKind::dot:
        made = dot(query, key);
        break;
      case ScoreKind::bilinear:
        made = dot(b_.matmul(query, b_.parameter(below("score_matrix"))), key);
        break;
      case ScoreKind::cosine:
        made = cosine(query, key);
        break;
      case ScoreKind::additive:
      case ScoreKind::l2:
        // Each pair by itself: (B, H, Tq, 1, D) with (B, H, 1, Tk, D).
        query = b_.with_axes(query, {3});
        key = b_.with_axes(key, {2});
        if (o_.score == ScoreKind::l2) {
          const OnnxValue apart_by = b_.difference(query, key);
          made = b_.scaled(b_.sum_over(b_.product(apart_by, apart_by), -1, false), -one_over_root);
        } else {
          const OnnxValue vector =
              b_.reshape(b_.parameter(below("score_vector")), {extent(o_.heads), 1, 1, extent(o_.head_size)});
          made = b_.sum_over(b_.product(graph_.node("Tanh", {b_.sum(query, key)}), vector), -1, false);
        }
        break;
    }
    if (o_.softcap == 0) return made;
    const OnnxValue cap = graph_.number(static_cast<float>(o_.softcap));
    return b_.product(graph_.node("Tanh", {b_.quotient(made, cap)}), cap);
  }

  OnnxValue cosine(const OnnxValue& query, const OnnxValue& key) {
    constexpr float kEps = 1e-24F;  // as MultiHeadAttention: x / |x| is x / rms(x) / sqrt(D)
    const OnnxValue most = graph_.number(static_cast<float>(std::log(100.0)));
    const OnnxValue scale = graph_.node("Exp", {graph_.node("Min", {b_.parameter(below("score_log_scale")), most})});
    const OnnxValue factor =
        b_.scaled(b_.reshape(scale, {extent(o_.heads), 1, 1}), 1.0F / static_cast<float>(o_.head_size));
    return dot(b_.product(b_.rms_normalize(query, kEps), factor), b_.rms_normalize(key, kEps));
  }

  /// y(b, h, ...) = sum over i of matrix(h, i) x(b, i, ...), for x (B, H, Tq, ...).
  OnnxValue mixed_over_heads(const char* matrix, const OnnxValue& x) {
    const OnnxValue flat = b_.reshape(x, {0, 0, -1});
    return graph_.node("Reshape", {b_.matmul(b_.parameter(below(matrix)), flat), graph_.node("Shape", {x})});
  }

  OnnxValue with_position_bias(const OnnxValue& logits) {
    if (o_.positions == AttentionPositions::alibi) {
      std::vector<float> slopes;
      for (const double slope : alibi_slopes(o_.heads)) slopes.push_back(static_cast<float>(-slope));
      const OnnxValue steps = b_.cast(graph_.node("Abs", {context_.sequence.distances()}), onnx::TensorProto::FLOAT);
      return b_.sum(logits, b_.product(steps, graph_.numbers(slopes, {o_.heads, 1, 1})));
    }
    if (o_.positions != AttentionPositions::relative) return logits;
    const OnnxValue farthest = graph_.integer(extent(o_.max_distance));
    const OnnxValue nearest = graph_.integer(-extent(o_.max_distance));
    const OnnxValue clipped = graph_.node("Clip", {context_.sequence.distances(), nearest, farthest});
    const OnnxValue rows = graph_.node("Gather", {b_.parameter(below("relative_bias")), b_.sum(clipped, farthest)},
                                       {{"axis", std::int64_t{0}}});
    return b_.sum(logits, b_.transpose(rows, {2, 0, 1}));
  }

  /// Logit of the sink for each query, (B, H, Tq, 1).
  OnnxValue sink_logits(const OnnxValue& query, const OnnxValue& logits) {
    if (o_.sink == SinkKind::zero) {
      const OnnxValue rows =
          graph_.node("Slice", {graph_.node("Shape", {logits}), graph_.integers({0}), graph_.integers({3})});
      const OnnxValue shape = graph_.node("Concat", {rows, graph_.integers({1})}, {{"axis", std::int64_t{0}}});
      return graph_.node("Expand", {graph_.number(0), shape});
    }
    const OnnxValue made = scores(query, one_per_head(below("sink_key"), o_.head_size));
    return o_.talking_heads ? mixed_over_heads("talking_scores", made) : made;
  }

  /// True at the top_k largest visible logits of each row; of equal ones TopK takes the earlier keys, as Headlight does.
  OnnxValue chosen(const OnnxValue& logits, const OnnxValue& visible) {
    const OnnxValue count = b_.reshape(graph_.node("Min", {keys_.time(), graph_.integer(extent(o_.top_k))}), {1});
    const std::vector<OnnxValue> best =
        graph_.node("TopK", 2, {hidden_lowest(logits, visible), count},
                    {{"axis", std::int64_t{-1}}, {"largest", std::int64_t{1}}, {"sorted", std::int64_t{1}}});
    const OnnxValue nothing = graph_.node("Expand", {graph_.number(0), graph_.node("Shape", {logits})});
    const OnnxValue ones = graph_.node("Expand", {graph_.number(1), graph_.node("Shape", {best[1]})});
    const OnnxValue marks = graph_.node("ScatterElements", {nothing, best[1], ones}, {{"axis", std::int64_t{-1}}});
    const OnnxValue largest = graph_.node("Greater", {marks, graph_.number(0)});
    return visible.empty() ? largest : graph_.node("And", {largest, visible});
  }

  /// Lowest number, and not -infinity: a row without visible keys would be NaN.
  OnnxValue hidden_lowest(const OnnxValue& logits, const OnnxValue& visible) {
    if (visible.empty()) return logits;
    return graph_.node("Where", {visible, logits, graph_.number(std::numeric_limits<float>::lowest())});
  }

  OnnxValue hidden_zero(const OnnxValue& weights, const OnnxValue& visible) {
    return visible.empty() ? weights : graph_.node("Where", {visible, weights, graph_.number(0)});
  }

  /// Sigmoid weights: 1 / (1 + exp(-logit + log c)), c the row's number of visible keys.
  OnnxValue sigmoid(const OnnxValue& logits, const OnnxValue& visible) {
    const OnnxValue count = visible.empty() ? b_.cast(keys_.time(), onnx::TensorProto::FLOAT)
                                            : b_.sum_over(b_.cast(visible, onnx::TensorProto::FLOAT), -1, true);
    return graph_.node("Sigmoid", {b_.difference(logits, graph_.node("Log", {count}))});
  }

  Weights weights(const OnnxValue& query, const OnnxValue& key) {
    OnnxValue logits = scores(query, key);
    if (o_.talking_heads) logits = mixed_over_heads("talking_scores", logits);
    logits = with_position_bias(logits);
    OnnxValue visible = o_.cross ? keys_.visible_to_others() : keys_.visible_to_itself(context_.causal, o_.window);
    const OnnxValue sink = o_.sink == SinkKind::none ? OnnxValue() : sink_logits(query, logits);
    if (o_.weights == AttentionKind::top_k) visible = chosen(logits, visible);
    Weights made;
    if (o_.weights == AttentionKind::sigmoid) {
      made.keys = hidden_zero(sigmoid(logits, visible), visible);
    } else {
      made.keys = hidden_lowest(logits, visible);
      if (!sink.empty()) made.keys = graph_.node("Concat", {made.keys, sink}, {{"axis", std::int64_t{-1}}});
      made.keys = graph_.node("Softmax", {made.keys}, {{"axis", std::int64_t{-1}}});
      if (!sink.empty()) {
        made.sink = b_.part(made.keys, -1, std::numeric_limits<std::int64_t>::max());
        made.keys = b_.part(made.keys, 0, -1);
      }
      // Behind the end of a member a window may show no key; the softmax of such a row is not 0.
      if (keys_.padded()) made.keys = hidden_zero(made.keys, visible);
    }
    return shown(made);
  }

  /// The weights [mixed over heads] as outputs of the graph.
  Weights shown(const Weights& made) {
    const std::string block = block_of(b_.model(), path_);
    const std::string name = fmt::format("attn.{}.{}", block, context_.attention[block]++);
    const OnnxExtent heads = o_.heads;
    const OnnxExtent queries = context_.sequence.extent();
    Weights named;
    if (!made.sink.empty()) {
      named.sink = o_.talking_heads ? mixed_over_heads("talking_weights", made.sink) : made.sink;
      graph_.output(b_.without_axes(named.sink, {3}), name + ".sink", {"batch", heads, queries},
                    fmt::format("weights of the sink in {}", path_));
    }
    // The name goes to the newest node: where nothing is mixed, and a sink came in between, the weights are taken anew.
    const OnnxValue keys = o_.talking_heads    ? mixed_over_heads("talking_weights", made.keys)
                           : made.sink.empty() ? made.keys
                                               : graph_.node("Identity", {made.keys});
    named.keys = graph_.output(keys, name, {"batch", heads, queries, keys_.extent()},
                               fmt::format("attention weights of {}", path_));
    return named;
  }

  /// z (B, H, Tq, Dv) as the output projection reads it.
  OnnxValue joined(const OnnxValue& z) {
    if (o_.combine == CombineKind::sum) return b_.sum_over(z, 1, false);
    return b_.reshape(b_.transpose(z, {0, 2, 1, 3}), {0, 0, extent(o_.heads * o_.value_size)});
  }

  OnnxContext& context_;
  OnnxBuilder& b_;
  OnnxGraph& graph_;
  std::string path_;
  MultiHeadAttentionOptions o_;
  OnnxSequence& keys_;  ///< that the keys come from
};

}  // namespace

OnnxValue onnx_attention(OnnxContext& context, const OnnxLayer& layer, const OnnxValue& x) {
  const MultiHeadAttentionOptions options = attention_options(LayerConfig(layer.json, layer.place));
  if (options.cross && context.memory_sequence == nullptr) {
    raise<StateError>("onnx", fmt::format("`{}` attends to a memory, but its stack has none", layer.path), {},
                      "give the composed form that the model was built from");
  }
  return OnnxAttention(context, layer, options)(x);
}

}  // namespace headlight
