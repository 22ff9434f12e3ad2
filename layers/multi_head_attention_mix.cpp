// The middle of MultiHeadAttention: from projected queries, keys and values to the heads' results.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/attention.h"
#include "autograd/ops/dropout.h"
#include "autograd/ops/heads.h"
#include "autograd/ops/layout.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/normalize.h"
#include "autograd/ops/pair_scores.h"
#include "autograd/ops/select.h"
#include "autograd/ops/unary.h"
#include "core/error.h"
#include "core/shape.h"
#include "layers/attention_bias.h"
#include "layers/dropout.h"
#include "layers/hooks.h"
#include "layers/multi_head_attention.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Mixes axis 1: y(b, h, ...) = sum over i of matrix(h, i) x(b, i, ...).
Tensor mixed_over_heads(const Tensor& matrix, const Tensor& x) {
  const Shape flat{x.extent(0), x.extent(1), x.size() / (x.extent(0) * x.extent(1))};
  return reshape(matmul(matrix, reshape(x, flat)), x.shape());
}

Real one_over_root(std::size_t size) { return static_cast<Real>(1 / std::sqrt(static_cast<double>(size))); }

}  // namespace

bool MultiHeadAttention::has_dot_product() const {
  return user_score_ == nullptr && options_.score != ScoreKind::additive && options_.score != ScoreKind::l2;
}

MultiHeadAttention::DotProduct MultiHeadAttention::dot_product(const Tensor& query, const Tensor& key) const {
  const MultiHeadAttentionOptions& o = options_;
  const auto apart = [&](const Tensor& x, std::size_t heads) {
    return reshape(x, Shape{x.extent(0), x.extent(1), heads, o.head_size});
  };
  switch (o.score) {
    case ScoreKind::bilinear:
      return {merge_heads(matmul(split_heads(query, o.heads), score_matrix_)), key, 1};
    case ScoreKind::cosine: {
      // x / |x| is x / rms(x) / sqrt(D). An all-zero vector stays zero; eps is the square of the smallest length that
      // torch.nn.functional.normalize divides by.
      constexpr Real eps = static_cast<Real>(1e-24);
      const Real most = static_cast<Real>(std::log(100.0));
      const Tensor scale = exp(clamp(score_log_scale_, -std::numeric_limits<Real>::infinity(), most));
      const Tensor factor = reshape(scale, {o.heads, 1}) * (Real{1} / static_cast<Real>(o.head_size));
      const Tensor q = rms_normalize(apart(query, o.heads), eps) * factor;
      const Tensor k = rms_normalize(apart(key, o.kv_heads), eps);
      return {reshape(q, query.shape()), reshape(k, key.shape()), 1};
    }
    case ScoreKind::dot:
      return {query, key, 1};
    case ScoreKind::scaled_dot:
    case ScoreKind::additive:
    case ScoreKind::l2:
      break;
  }
  return {query, key, one_over_root(o.head_size)};
}

Tensor MultiHeadAttention::scores(const Tensor& query, const Tensor& key, const Mask& mask, const Context& context) {
  const MultiHeadAttentionOptions& o = options_;
  if (user_score_ != nullptr) {
    const Tensor q = split_heads(query, o.heads);
    const Tensor k = split_heads(repeat_heads(key, o.kv_heads, o.heads), o.heads);
    Tensor made = user_score_->forward(q, k, context);
    const Shape wanted{q.extent(0), o.heads, q.extent(2), k.extent(2)};
    if (!made.defined() || made.shape() != wanted) {
      raise<ShapeError>("multi_head_attention", "the score in `" + path() + "` does not return (B, H, Tq, Tk)",
                        fmt::format("{} instead of {}", made.defined() ? to_string(made.shape()) : "nothing",
                                    to_string(wanted)));
    }
    return made;
  }
  if (o.score == ScoreKind::additive) return additive_scores(query, key, score_vector_, o.heads, o.kv_heads);
  if (o.score == ScoreKind::l2) return distance_scores(query, key, one_over_root(o.head_size), o.heads, o.kv_heads);
  const DotProduct dot = dot_product(query, key);
  return attention_scores(dot.query, dot.key,
                          {.heads = o.heads, .kv_heads = o.kv_heads, .scale = dot.scale, .mask = mask});
}

Tensor MultiHeadAttention::capped(const Tensor& scores) const {
  if (options_.softcap == 0) return scores;
  const Real cap = static_cast<Real>(options_.softcap);
  return tanh(scores / cap) * cap;
}

Tensor MultiHeadAttention::with_position_bias(const Tensor& logits) const {
  const std::size_t queries = logits.extent(2);
  const std::size_t keys = logits.extent(3);
  if (options_.positions == AttentionPositions::alibi) {
    return logits + Tensor(alibi_bias(options_.heads, queries, keys));
  }
  if (options_.positions != AttentionPositions::relative) return logits;
  return logits + headlight::relative_bias(relative_bias_, queries, keys);
}

MultiHeadAttention::Mixed MultiHeadAttention::mix_fused(const Projected& projected, const Mask& mask,
                                                        const Context& context) {
  const MultiHeadAttentionOptions& o = options_;
  const DotProduct dot = dot_product(projected.query, projected.key);
  AttentionOptions options{.heads = o.heads, .kv_heads = o.kv_heads, .scale = dot.scale, .mask = mask};
  if (o.positions == AttentionPositions::alibi) {
    options.mask = mask & Mask::bias(alibi_bias(o.heads, dot.query.extent(1), dot.key.extent(1)));
  }
  if (context.training && o.dropout > 0) {
    options.dropout = o.dropout;
    options.dropout_key = next_dropout_key(context, "multi_head_attention");
  }
  const AttentionResult result = attention(dot.query, dot.key, projected.value, options);
  if (watches(HookPoint::logits, context)) visit(HookPoint::logits, logits(projected, {}, context), context);
  visit(HookPoint::weights, result.weights, context);
  if (watches(HookPoint::used_weights, context)) {
    visit(HookPoint::used_weights, dropout(result.weights, options.dropout, options.dropout_key), context);
  }
  return {result.output, result.weights, {}, result.hidden_rows};
}

Tensor MultiHeadAttention::logits(const Projected& projected, const Mask& mask, const Context& context) {
  const Tensor compared = capped(scores(projected.query, projected.key, mask, context));
  return with_position_bias(options_.talking_heads ? mixed_over_heads(talking_scores_, compared) : compared);
}

MultiHeadAttention::Mixed MultiHeadAttention::mix_staged(const Projected& projected, const Mask& mask,
                                                         const Context& context) {
  const MultiHeadAttentionOptions& o = options_;
  // Products with hidden keys are left out where nothing but hidden weights hangs on them: not where an overwrite or
  // another head may use such a logit, and not for readers, whose loss may.
  const bool own_logits = !overwrites(HookPoint::logits, context) && !o.talking_heads;
  const bool own_weights = !overwrites(HookPoint::weights, context) && !overwrites(HookPoint::used_weights, context);
  Tensor logit = logits(projected, own_logits ? mask : Mask(), context);
  if (!own_logits) {
    logit = visit(HookPoint::logits, logit, context);
  } else if (watches(HookPoint::logits, context)) {
    // Anew only where products were left out: a score of your own may draw randomness, and a second call would shift
    // what is drawn behind it.
    visit(HookPoint::logits, has_dot_product() ? logits(projected, {}, context) : logit, context);
  }
  Tensor sink = sink_scores(projected.query, context);
  if (o.talking_heads && sink.defined()) sink = mixed_over_heads(talking_scores_, sink);

  AttentionWeightResult made = attention_weights(logit, mask, {.kind = o.weights, .top_k = o.top_k}, sink);
  if (o.talking_heads) {
    made.weights = zero_hidden(mixed_over_heads(talking_weights_, made.weights), mask);
    if (made.sink.defined()) made.sink = mixed_over_heads(talking_weights_, made.sink);
  }
  made.weights = visit(HookPoint::weights, made.weights, context);

  Tensor used = made.weights;
  Tensor used_sink = made.sink;
  if (context.training && o.dropout > 0) {
    used = dropout(used, o.dropout, next_dropout_key(context, "multi_head_attention"));
    if (o.sink == SinkKind::learned) {
      used_sink = dropout(used_sink, o.dropout, next_dropout_key(context, "multi_head_attention"));
    }
  }
  used = visit(HookPoint::used_weights, used, context);
  Tensor z = attention_mix(used, projected.value, {.kv_heads = o.kv_heads, .mask = own_weights ? mask : Mask()});
  if (o.sink == SinkKind::learned) z = z + sink_result(used_sink);
  return {z, made.weights, made.sink, made.hidden_rows};
}

Tensor MultiHeadAttention::sink_scores(const Tensor& query, const Context& context) {
  const MultiHeadAttentionOptions& o = options_;
  if (o.sink == SinkKind::none) return {};
  const Shape rows{query.extent(0), o.heads, query.extent(1)};
  if (o.sink == SinkKind::zero) return Tensor(zeros(rows));
  const Shape as_sequence{query.extent(0), 1, o.kv_heads * o.head_size};
  const Tensor key = broadcast_to(reshape(sink_key_, {1, 1, o.kv_heads * o.head_size}), as_sequence);
  return reshape(capped(scores(query, key, {}, context)), rows);
}

Tensor MultiHeadAttention::sink_result(const Tensor& sink_weights) const {
  const MultiHeadAttentionOptions& o = options_;
  const std::size_t batch = sink_weights.extent(0);
  const std::size_t queries = sink_weights.extent(2);
  const Tensor values = repeat_heads(reshape(sink_value_, {1, 1, o.kv_heads * o.value_size}), o.kv_heads, o.heads);
  const Tensor per_head = reshape(transpose(sink_weights, {0, 2, 1}), {batch, queries, o.heads, 1}) *
                          reshape(values, {o.heads, o.value_size});
  return reshape(per_head, {batch, queries, o.heads * o.value_size});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
