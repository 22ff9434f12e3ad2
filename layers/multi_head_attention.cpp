#include "layers/multi_head_attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/heads.h"
#include "autograd/ops/layout.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/normalize.h"
#include "autograd/ops/pieces.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/rope.h"
#include "core/error.h"
#include "core/mask_rule.h"
#include "core/shape.h"
#include "layers/hooks.h"
#include "layers/padding.h"
#include "layers/value_convolution.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr Real kNormEps = static_cast<Real>(1e-6);

Initial identity(std::size_t planes, std::size_t size, double factor, std::string description, Init& init) {
  init.reserve({planes, size, size});
  Array value = zeros({planes, size, size});
  for (std::size_t i = 0; i < planes * size; ++i) value.data()[i * size + i % size] = static_cast<Real>(factor);
  return {std::move(value), std::move(description)};
}

Initial identity(std::size_t size, Init& init) {
  Initial one = identity(1, size, 1, "identity", init);
  return {reshaped(std::move(one.value), {size, size}), std::move(one.description)};
}

/// What lies in a cache was computed without the positions that came later, and its queries stand at the end of all
/// keys: any mask but a causal one with aligned ends would silently mean something else than for the whole sequence.
void check_cached_mask(const Mask& mask, const std::string& path) {
  if (!mask.is_causal()) {
    raise<StateError>("multi_head_attention", "with a cache earlier positions never see later keys",
                      "no causal rule in the mask of `" + path + "`", "add Mask::causal(), or use no cache");
  }
  for (const auto& rule : mask.rules()) {
    if (rule->kind != Mask::Rule::Kind::causal || rule->align == Align::ends) continue;
    raise<StateError>("multi_head_attention",
                      "a causal mask aligned to starts takes the first new query for the first of all",
                      "Context::cache and Mask::causal(Align::starts) in `" + path + "`",
                      "align the ends, as Mask::causal() does, or use no cache");
  }
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(const MultiHeadAttentionOptions& options, Init& init)
    : options_(resolved(options)) {
  const MultiHeadAttentionOptions& o = options_;
  const auto projection = [&](const char* name, std::size_t in, std::size_t out, WeightRole role) {
    return &child<Dense>(name, DenseOptions{.in = in, .out = out, .bias = o.bias, .role = role}, init);
  };
  query_ = projection("query", o.d_model, o.heads * o.head_size, WeightRole::attention_input);
  key_ = projection("key", o.key_width, o.kv_heads * o.head_size, WeightRole::attention_input);
  if (o.value == ValueKind::dense) {
    value_ = projection("value", o.value_width, o.kv_heads * o.value_size, WeightRole::attention_input);
  } else {
    convolution_ =
        &child<ValueConvolution>("value", o.value_width, o.kv_heads * o.value_size, o.value_kernel, o.bias, init);
  }
  const std::size_t joined = o.combine == CombineKind::concat ? o.heads * o.value_size : o.value_size;
  output_ = projection("output", joined, o.out_size, WeightRole::attention_output);
  make_score_parameters(init);
  make_other_parameters(init);
}

void MultiHeadAttention::make_score_parameters(Init& init) {
  const MultiHeadAttentionOptions& o = options_;
  if (o.user_score != nullptr) {
    user_score_ = dynamic_cast<AttentionScore*>(&adopt("score", o.user_score({o.heads, o.head_size}, init)));
    return;
  }
  switch (o.score) {
    case ScoreKind::scaled_dot:
    case ScoreKind::dot:
    case ScoreKind::l2:
      break;
    case ScoreKind::bilinear:
      score_matrix_ =
          parameter("score_matrix", identity(o.heads, o.head_size, 1 / std::sqrt(static_cast<double>(o.head_size)),
                                             "identity / sqrt(head size)", init));
      break;
    case ScoreKind::additive:
      score_vector_ = parameter("score_vector", init.vectors(o.heads, o.head_size));
      break;
    case ScoreKind::cosine:
      score_log_scale_ = parameter("score_log_scale", init.constant({o.heads}, std::log(10.0), "log 10"));
      break;
  }
}

void MultiHeadAttention::make_other_parameters(Init& init) {
  const MultiHeadAttentionOptions& o = options_;
  if (o.qk_norm) {
    query_gain_ = parameter("query_gain", init.constant({o.heads, o.head_size}, 1, "ones"));
    key_gain_ = parameter("key_gain", init.constant({o.kv_heads, o.head_size}, 1, "ones"));
  }
  if (o.talking_heads) {
    talking_scores_ = parameter("talking_scores", identity(o.heads, init));
    talking_weights_ = parameter("talking_weights", identity(o.heads, init));
  }
  if (o.positions == AttentionPositions::relative) {
    relative_bias_ = parameter("relative_bias", init.constant({2 * o.max_distance + 1, o.heads}, 0, "zeros"));
  }
  if (o.sink == SinkKind::learned) {
    sink_key_ = parameter("sink_key", init.vectors(o.kv_heads, o.head_size, WeightRole::attention_input));
    sink_value_ = parameter("sink_value", init.vectors(o.kv_heads, o.value_size, WeightRole::attention_input));
  }
}

Tensor MultiHeadAttention::forward(const Tensor& x, const Context& context) {
  if (!options_.cross) return attend(x, x, x, context.mask, context).output;
  if (context.memory == nullptr) {
    raise<StateError>("multi_head_attention", "cross-attention needs a memory to attend to",
                      "Context::memory is null in `" + path() + "`", "run it behind an encoder, or set the memory");
  }
  return attend(x, *context.memory, *context.memory, context.memory_mask, context).output;
}

AttentionOutput MultiHeadAttention::attend(const Tensor& query, const Tensor& key, const Tensor& value,
                                           const Mask& mask, const Context& context) {
  if (context.cache != nullptr && context.training) {
    raise<StateError>("multi_head_attention", "a cache keeps no history to train on",
                      "Context::cache and Context::training in `" + path() + "`", "train on whole sequences");
  }
  const Projected projected = project(query, key, value, mask, context);
  const Side side = mask.is_causal() ? Side::back : Side::both;
  const Mask windowed = options_.window == 0 ? Mask() : mask & Mask::window(options_.window, side);
  const Mask& seen = options_.window == 0 ? mask : windowed;
  const bool staged = !has_dot_product() || options_.weights != AttentionKind::softmax ||
                      options_.sink != SinkKind::none || options_.softcap > 0 || options_.talking_heads ||
                      options_.positions == AttentionPositions::relative || overwrites(HookPoint::logits, context) ||
                      overwrites(HookPoint::weights, context) || overwrites(HookPoint::used_weights, context);
  Mixed mixed = staged ? mix_staged(projected, seen, context) : mix_fused(projected, seen, context);
  if (context.recorder != nullptr) {
    context.recorder->record(path(), mixed.weights, mixed.hidden_rows);
    if (mixed.sink.defined()) context.recorder->record_sink(path(), mixed.sink);
  }
  mixed.z = visit_heads(HookPoint::z, mixed.z, options_.heads, context);
  return {output(mixed.z, context), mixed.weights, mixed.z, mixed.hidden_rows, mixed.sink};
}

MultiHeadAttention::Projected MultiHeadAttention::project(const Tensor& query, const Tensor& key, const Tensor& value,
                                                          const Mask& mask, const Context& context) {
  const MultiHeadAttentionOptions& o = options_;
  // The ends of queries and keys are aligned, as in masks.
  const auto first_key = static_cast<std::ptrdiff_t>(context.offset);
  const std::ptrdiff_t first_query =
      query.rank() < 2 || key.rank() < 2
          ? first_key
          : first_key + static_cast<std::ptrdiff_t>(key.extent(1)) - static_cast<std::ptrdiff_t>(query.extent(1));
  Projected made;
  made.query = positioned((*query_)(query, context), query_gain_, o.heads, first_query);
  made.query = visit_heads(HookPoint::query, made.query, o.heads, context);
  KeyValueCache::Entry* const entry = context.cache == nullptr ? nullptr : &context.cache->entry(path());
  if (entry != nullptr && o.cross && entry->filled) {
    made.key = Tensor(entry->key);
    made.value = Tensor(entry->value);
    return made;
  }
  if (entry != nullptr && !o.cross) check_cached_mask(mask, path());
  if (entry != nullptr && !o.cross && entry->length() != context.offset) {
    raise<StateError>("multi_head_attention",
                      fmt::format("the cache of `{}` holds {} positions but the input begins at {}", path(),
                                  entry->length(), context.offset),
                      {}, "set Context::offset to the cache's length()");
  }
  made.key = positioned((*key_)(key, context), key_gain_, o.kv_heads, first_key);
  made.key = visit_heads(HookPoint::key, made.key, o.kv_heads, context);
  made.value = values(value, mask, context, entry);
  made.value = visit_heads(HookPoint::value, made.value, o.kv_heads, context);
  if (entry != nullptr) {
    made.key = append_to_cache(entry->key, entry->filled, made.key);
    made.value = append_to_cache(entry->value, entry->filled, made.value);
    entry->filled = true;
    entry->cross = o.cross;
  }
  return made;
}

Tensor MultiHeadAttention::positioned(const Tensor& projected, const Tensor& gain, std::size_t heads,
                                      std::ptrdiff_t offset) const {
  Tensor x = projected;
  if (options_.qk_norm) {
    const Shape apart{x.extent(0), x.extent(1), heads, options_.head_size};
    x = reshape(rms_normalize(reshape(x, apart), kNormEps) * gain, projected.shape());
  }
  if (options_.positions != AttentionPositions::rope) return x;
  return rope(x, {.heads = heads, .pairing = options_.rope_pairing, .base = options_.rope_base, .offset = offset});
}

Tensor MultiHeadAttention::values(const Tensor& input, const Mask& mask, const Context& context,
                                  KeyValueCache::Entry* entry) {
  if (convolution_ == nullptr) return (*value_)(input, context);
  const std::size_t reach = options_.value_kernel - 1;
  if (entry == nullptr || options_.cross) {
    const Tensor x = zero_padding(input, mask, "multi_head_attention");
    return mask.is_causal() ? convolution_->apply(x, reach, 0) : convolution_->apply(x, reach / 2, reach - reach / 2);
  }
  const Tensor x = zero_padding(input, mask, "multi_head_attention", context.offset);
  const Tensor all = append_to_cache(entry->value_input, entry->filled, x);
  const std::size_t kept = std::min(reach, context.offset);
  const Tensor read = slice(all, {.axis = 1, .begin = static_cast<std::ptrdiff_t>(context.offset - kept)});
  return convolution_->apply(read, reach - kept, 0);
}

Tensor MultiHeadAttention::output(const Tensor& z, const Context& context) {
  if (watches(HookPoint::contributions, context)) {
    const Tensor parts = contributions(z);
    const Tensor visited = visit(HookPoint::contributions, parts, context);
    if (overwrites(HookPoint::contributions, context)) return output_of_contributions(visited, z, context);
  }
  return (*output_)(joined(z), context);
}

Tensor MultiHeadAttention::joined(const Tensor& z) const {
  if (options_.combine == CombineKind::concat) return z;
  const Shape apart{z.extent(0), z.extent(1), options_.heads, options_.value_size};
  return sum(reshape(z, apart), {.axes = {2}});
}

Tensor MultiHeadAttention::output_of_contributions(const Tensor& parts, const Tensor& z, const Context& context) const {
  const std::string& projection = output_->path();
  if (context.hooks->overwrites(projection, HookPoint::input)) {
    raise<ConfigError>("hooks", fmt::format("two overwrites decide what `{}` gives", projection),
                       fmt::format("contributions of `{}`, input of `{}`", path(), projection),
                       "overwrite z of the attention instead of its projection's input");
  }
  // The projection does not run, but its points are there all the same.
  context.hooks->visit(projection, HookPoint::input, joined(z));
  const Tensor total = sum(parts, {.axes = {1}});
  const Tensor with_bias = output_->bias().defined() ? total + output_->bias() : total;
  return context.hooks->visit(projection, HookPoint::output, with_bias);
}

Tensor MultiHeadAttention::contributions(const Tensor& heads) const {
  const Tensor z = split_heads(heads, options_.heads);
  if (options_.combine == CombineKind::sum) return matmul(z, output_->weight(), {.transpose_b = true});
  const Shape apart{options_.out_size, options_.heads, options_.value_size};
  return matmul(z, transpose(reshape(output_->weight(), apart), {1, 2, 0}));
}

bool MultiHeadAttention::watches(HookPoint point, const Context& context) const {
  return context.hooks != nullptr && context.hooks->watches(path(), point);
}

bool MultiHeadAttention::overwrites(HookPoint point, const Context& context) const {
  return context.hooks != nullptr && context.hooks->overwrites(path(), point);
}

Tensor MultiHeadAttention::visit(HookPoint point, const Tensor& value, const Context& context) const {
  return context.hooks == nullptr ? value : context.hooks->visit(path(), point, value);
}

Tensor MultiHeadAttention::visit_heads(HookPoint point, const Tensor& packed, std::size_t heads,
                                       const Context& context) const {
  if (!watches(point, context)) return packed;
  const Tensor visited = visit(point, split_heads(packed, heads), context);
  return overwrites(point, context) ? merge_heads(visited) : packed;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
