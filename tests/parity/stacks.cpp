#include "tests/parity/stacks.h"

#include <utility>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/linear.h"

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

}  // namespace

StackBlock::StackBlock(const StackOptions& options, Init& init) : pre_norm_(options.pre_norm) {
  const MultiHeadAttentionOptions attention{.d_model = options.d_model,
                                            .heads = options.heads,
                                            .head_size = options.head_size,
                                            .bias = options.bias};
  const auto norm = [&](const std::string& name) {
    return options.norm ? &child<LayerNorm>(name, options.d_model, init) : nullptr;
  };
  attention_ = &child<MultiHeadAttention>("attention", attention, init);
  attention_norm_ = norm("attention_norm");
  if (options.cross) {
    cross_attention_ = &child<MultiHeadAttention>("cross_attention", attention, init);
    cross_attention_norm_ = norm("cross_attention_norm");
  }
  if (options.d_ff == 0) return;
  feed_forward_ = &child<FeedForward>(
      "feed_forward",
      FeedForwardOptions{.d_model = options.d_model, .d_ff = options.d_ff, .activation = options.activation}, init);
  feed_forward_norm_ = norm("feed_forward_norm");
}

Tensor StackBlock::operator()(Tensor x, const Context& context) {
  const auto step = [&](LayerNorm* norm, const auto& body) {
    if (norm == nullptr) {
      x = x + body(x);
    } else {
      x = pre_norm_ ? x + body((*norm)(x, context)) : (*norm)(x + body(x), context);
    }
  };
  step(attention_norm_, [&](const Tensor& y) { return attention_->attend(y, y, y, context.mask, context).output; });
  if (cross_attention_ != nullptr) {
    step(cross_attention_norm_, [&](const Tensor& y) {
      return cross_attention_->attend(y, *context.memory, *context.memory, {}, context).output;
    });
  }
  if (feed_forward_ != nullptr) {
    step(feed_forward_norm_, [&](const Tensor& y) { return (*feed_forward_)(y, context); });
  }
  return x;
}

Stack::Stack(const StackOptions& options, Init& init) {
  if (options.vocabulary != 0) {
    embedding_ = &child<Embedding>("embedding",
                                   EmbeddingOptions{.vocabulary = options.vocabulary, .width = options.d_model}, init);
  }
  if (options.positions != 0) {
    positions_ = &child<LearnedPositions>("positions", options.positions, options.d_model, init);
  }
  Group& layers = child<Group>("layers");
  for (std::size_t i = 0; i < options.layers; ++i) {
    blocks_.push_back(&layers.add<StackBlock>(std::to_string(i), options, init));
  }
  if (options.final_norm) final_norm_ = &child<LayerNorm>("final_norm", options.d_model, init);
}

Tensor Stack::operator()(Tensor x, const Context& context) {
  if (positions_ != nullptr) x = (*positions_)(x, context);
  for (StackBlock* block : blocks_) x = (*block)(x, context);
  return final_norm_ != nullptr ? (*final_norm_)(x, context) : x;
}

Tensor Stack::operator()(const Tokens& ids, const Context& context) { return (*this)((*embedding_)(ids), context); }

StackModel::StackModel(const StackOptions& options, const DenseOptions& head, bool tied, Init& init)
    : Stack(options, init) {
  if (!tied) head_ = &child<Dense>("head", head, init);
}

Tensor StackModel::logits(const Tokens& ids, const Context& context) {
  const Tensor x = (*this)(ids, context);
  return head_ != nullptr ? (*head_)(x, context) : linear(x, embedding().weight(), {}, Activation::none);
}

Translator::Translator(const StackOptions& encoder, const StackOptions& decoder, std::size_t classes, Init& init)
    : encoder_(child<Stack>("encoder", encoder, init)),
      decoder_(child<Stack>("decoder", decoder, init)),
      head_(child<Dense>("head", decoder.d_model, classes, init)) {}

Tensor Translator::operator()(const Tokens& source, const Tokens& target) {
  const Tensor memory = encoder_(source, {});
  return head_(decoder_(target, {.mask = Mask::causal(), .memory = &memory}), {});
}

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
