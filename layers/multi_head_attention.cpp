#include "layers/multi_head_attention.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "autograd/ops/attention.h"
#include "core/error.h"
#include "layers/dropout.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// "4 or 6": the divisors of d_model next to a number of heads that does not divide it.
std::string nearest_head_counts(std::size_t d_model, std::size_t heads) {
  std::size_t below = heads;
  while (below > 1 && d_model % below != 0) --below;
  std::size_t above = heads;
  while (above < d_model && d_model % above != 0) ++above;
  if (above > d_model || d_model % above != 0) return std::to_string(below);
  return fmt::format("{} or {}", below, above);
}

std::size_t checked_head_size(const MultiHeadAttentionOptions& options) {
  if (options.d_model == 0 || options.heads == 0) {
    raise<ConfigError>("multi_head_attention", "d_model and heads must be at least 1",
                       fmt::format("d_model {}, heads {}", options.d_model, options.heads));
  }
  if (options.head_size != 0) return options.head_size;
  if (options.d_model % options.heads != 0) {
    raise<ConfigError>("multi_head_attention",
                       fmt::format("d_model {} is no multiple of {} heads", options.d_model, options.heads), {},
                       fmt::format("use {} heads, or set head_size",
                                   nearest_head_counts(options.d_model, options.heads)));
  }
  return options.d_model / options.heads;
}

std::size_t or_else(std::size_t value, std::size_t other) { return value != 0 ? value : other; }

}  // namespace

MultiHeadAttention::MultiHeadAttention(const MultiHeadAttentionOptions& options, Init& init)
    : heads_(options.heads), head_size_(checked_head_size(options)), dropout_(options.dropout), cross_(options.cross) {
  if (!(dropout_ >= 0 && dropout_ < 1)) {
    raise<ConfigError>("multi_head_attention", "the dropout probability is outside [0, 1)", std::to_string(dropout_));
  }
  const std::size_t value_size = or_else(options.value_size, head_size_);
  const std::size_t key_width = or_else(options.key_width, options.d_model);
  const std::size_t value_width = or_else(options.value_width, key_width);
  const auto projection = [&](const char* name, std::size_t in, std::size_t out, WeightRole role) {
    return &child<Dense>(name, DenseOptions{.in = in, .out = out, .bias = options.bias, .role = role}, init);
  };
  query_ = projection("query", options.d_model, heads_ * head_size_, WeightRole::attention_input);
  key_ = projection("key", key_width, heads_ * head_size_, WeightRole::attention_input);
  value_ = projection("value", value_width, heads_ * value_size, WeightRole::attention_input);
  output_ = projection("output", heads_ * value_size, or_else(options.out_size, options.d_model),
                       WeightRole::attention_output);
}

Tensor MultiHeadAttention::forward(const Tensor& x, const Context& context) {
  if (!cross_) return attend(x, x, x, context.mask, context).output;
  if (context.memory == nullptr) {
    raise<StateError>("multi_head_attention", "cross-attention needs a memory to attend to",
                      "Context::memory is null in `" + path() + "`", "run it behind an encoder, or set the memory");
  }
  return attend(x, *context.memory, *context.memory, context.memory_mask, context).output;
}

AttentionOutput MultiHeadAttention::attend(const Tensor& query, const Tensor& key, const Tensor& value,
                                           const Mask& mask, const Context& context) {
  AttentionOptions options{.heads = heads_, .mask = mask};
  if (context.training && dropout_ > 0) {
    options.dropout = dropout_;
    options.dropout_key = next_dropout_key(context, "multi_head_attention");
  }
  const AttentionResult result =
      attention((*query_)(query, context), (*key_)(key, context), (*value_)(value, context), options);
  if (context.recorder != nullptr) context.recorder->record(path(), result.weights, result.hidden_rows);
  return {(*output_)(result.output, context), result.weights, result.output, result.hidden_rows};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
