#include "tests/parity/decoder_stack.h"

#include <string>
#include <utility>

#include "autograd/ops/arithmetic.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {
namespace {

class Group : public Module {
 public:
  template <class M, class... Args>
  M& add(const std::string& name, Args&&... args) {
    return child<M>(name, std::forward<Args>(args)...);
  }
};

MultiHeadAttentionOptions attention_options(const DecoderStackOptions& options) {
  return {.d_model = options.d_model, .heads = options.heads};
}

}  // namespace

DecoderStackBlock::DecoderStackBlock(const DecoderStackOptions& options, Init& init)
    : pre_norm_(options.pre_norm),
      attention_(child<MultiHeadAttention>("attention", attention_options(options), init)),
      attention_norm_(child<LayerNorm>("attention_norm", options.d_model, init)),
      cross_attention_(child<MultiHeadAttention>("cross_attention", attention_options(options), init)),
      cross_attention_norm_(child<LayerNorm>("cross_attention_norm", options.d_model, init)),
      feed_forward_(child<FeedForward>(
          "feed_forward",
          FeedForwardOptions{.d_model = options.d_model, .d_ff = options.d_ff, .activation = Activation::gelu}, init)),
      feed_forward_norm_(child<LayerNorm>("feed_forward_norm", options.d_model, init)) {}

Tensor DecoderStackBlock::operator()(Tensor x, const Context& context) {
  const auto step = [&](LayerNorm& norm, const auto& body) {
    x = pre_norm_ ? x + body(norm(x, context)) : norm(x + body(x), context);
  };
  step(attention_norm_, [&](const Tensor& y) { return attention_.attend(y, y, y, context.mask, context).output; });
  step(cross_attention_norm_, [&](const Tensor& y) {
    return cross_attention_.attend(y, *context.memory, *context.memory, {}, context).output;
  });
  step(feed_forward_norm_, [&](const Tensor& y) { return feed_forward_(y, context); });
  return x;
}

DecoderStack::DecoderStack(const DecoderStackOptions& options, Init& init) {
  Group& layers = child<Group>("layers");
  for (std::size_t i = 0; i < options.layers; ++i) {
    blocks_.push_back(&layers.add<DecoderStackBlock>(std::to_string(i), options, init));
  }
  final_norm_ = &child<LayerNorm>("final_norm", options.d_model, init);
}

Tensor DecoderStack::operator()(Tensor x, const Context& context) {
  for (DecoderStackBlock* block : blocks_) x = (*block)(x, context);
  return (*final_norm_)(x, context);
}

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
