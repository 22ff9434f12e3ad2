#pragma once

// The blocks of a decoder with cross-attention alone, as nn.TransformerDecoder is: a Model has embeddings around them.
#include <cstddef>
#include <vector>

#include "layers/feed_forward.h"
#include "layers/layer_norm.h"
#include "layers/multi_head_attention.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {

struct DecoderStackOptions {
  std::size_t d_model = 0;
  std::size_t heads = 1;
  std::size_t d_ff = 0;
  std::size_t layers = 1;
  bool pre_norm = true;
};

/// Children attention, cross_attention, feed_forward and their norms.
class DecoderStackBlock : public Module {
 public:
  DecoderStackBlock(const DecoderStackOptions& options, Init& init);
  Tensor operator()(Tensor x, const Context& context);

 private:
  bool pre_norm_;
  MultiHeadAttention& attention_;
  LayerNorm& attention_norm_;
  MultiHeadAttention& cross_attention_;
  LayerNorm& cross_attention_norm_;
  FeedForward& feed_forward_;
  LayerNorm& feed_forward_norm_;
};

/// Children layers.0 ..., final_norm.
class DecoderStack : public Module {
 public:
  DecoderStack(const DecoderStackOptions& options, Init& init);
  Tensor operator()(Tensor x, const Context& context);

 private:
  std::vector<DecoderStackBlock*> blocks_;
  LayerNorm* final_norm_;
};

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
