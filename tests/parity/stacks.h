#pragma once

// Transformers put together from layers under the names that our models use, so that weight files of other tools can be
// tried without a model's own machinery.
#include <cstddef>
#include <string>
#include <vector>

#include "layers/dense.h"
#include "layers/embedding.h"
#include "layers/feed_forward.h"
#include "layers/layer_norm.h"
#include "layers/multi_head_attention.h"
#include "layers/positions.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {

struct StackOptions {
  std::size_t vocabulary = 0;  ///< 0: no embedding
  std::size_t d_model = 0;
  std::size_t heads = 1;
  std::size_t head_size = 0;  ///< 0: d_model / heads
  std::size_t d_ff = 0;       ///< 0: attention only
  std::size_t layers = 1;
  std::size_t positions = 0;  ///< length of a table of learned positions; 0: none
  bool norm = true;
  bool pre_norm = true;
  bool final_norm = true;
  bool bias = true;  ///< of the attention
  bool cross = false;
  Activation activation = Activation::gelu;
};

/// Children attention, cross_attention, feed_forward and their norms.
class StackBlock : public Module {
 public:
  StackBlock(const StackOptions& options, Init& init);
  Tensor operator()(Tensor x, const Context& context);

 private:
  bool pre_norm_;
  MultiHeadAttention* attention_;
  LayerNorm* attention_norm_ = nullptr;
  MultiHeadAttention* cross_attention_ = nullptr;
  LayerNorm* cross_attention_norm_ = nullptr;
  FeedForward* feed_forward_ = nullptr;
  LayerNorm* feed_forward_norm_ = nullptr;
};

/// Children embedding, positions, layers.0 ..., final_norm.
class Stack : public Module {
 public:
  Stack(const StackOptions& options, Init& init);
  Tensor operator()(Tensor x, const Context& context);
  Tensor operator()(const Tokens& ids, const Context& context);
  const Embedding& embedding() const { return *embedding_; }

 private:
  Embedding* embedding_ = nullptr;
  LearnedPositions* positions_ = nullptr;
  std::vector<StackBlock*> blocks_;
  LayerNorm* final_norm_ = nullptr;
};

/// A stack's children and a head beside them; tied, the head is the embedding's table.
class StackModel : public Stack {
 public:
  StackModel(const StackOptions& options, const DenseOptions& head, bool tied, Init& init);
  Tensor logits(const Tokens& ids, const Context& context);

 private:
  Dense* head_ = nullptr;
};

/// Children encoder, decoder, head.
class Translator : public Module {
 public:
  Translator(const StackOptions& encoder, const StackOptions& decoder, std::size_t classes, Init& init);
  Tensor operator()(const Tokens& source, const Tokens& target);

 private:
  Stack& encoder_;
  Stack& decoder_;
  Dense& head_;
};

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
