#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "layers/block.h"
#include "layers/context.h"
#include "layers/dense.h"
#include "layers/embedding.h"
#include "layers/heads.h"
#include "layers/init.h"

namespace headlight::inline HEADLIGHT_PRECISION {

enum class Positions { none, sinusoidal, learned };

struct EncoderOptions {
  std::size_t vocabulary = 0;  ///< token ids are below it
  std::size_t classes = 0;     ///< width of the logits; 0: vocabulary
  std::size_t d_model = 0;
  std::size_t heads = 1;
  std::size_t head_size = 0;  ///< 0: d_model / heads
  std::size_t d_ff = 0;
  std::size_t layers = 1;
  std::size_t max_len = 0;  ///< longest sequence that positions reach; not read with Positions::none
  NormPlacement norm = NormPlacement::pre;
  std::optional<bool> final_norm = {};  ///< normalise before the head; by default with pre-norm only
  double norm_eps = 1e-5;
  bool norm_bias = true;
  Activation activation = Activation::gelu;
  Positions positions = Positions::sinusoidal;
  HeadKind head = HeadKind::linear;
  bool scale_embeddings = false;
  struct {
    double embedding = 0;     ///< on the embeddings, before positions are added
    double input = 0;         ///< on what enters the first block
    double attention = 0;     ///< on the attention weights
    double residual = 0;      ///< on what each step adds to the residual stream
    double feed_forward = 0;  ///< behind the feed-forward activation
  } dropout = {};
  struct {
    bool embedding = false;
    bool attention = true;
    bool feed_forward = true;
    bool head = true;
  } bias = {};
};

/// One block: attention, then feed-forward, each as a residual step. (B, T, C) -> (B, T, C).
/// Children attention, attention_norm, feed_forward, feed_forward_norm.
class EncoderBlock : public Block {
 public:
  EncoderBlock(const EncoderOptions& options, Init& init);
};

/// A Transformer encoder with one prediction per position: token ids (B, T) -> logits (B, T, classes).
/// Children embedding, positions, layers.0 ... , final_norm, head.
/// Throws ConfigError on widths that cannot be.
/// Source: Vaswani et al. 2017, arXiv:1706.03762; BERT's use of it: Devlin et al. 2018, arXiv:1810.04805.
class Encoder : public Module {
 public:
  Encoder(const EncoderOptions& options, Init& init);

  /// Self-attention sees what Context::mask allows.
  Tensor operator()(const Tokens& ids, const Context& context);

  const EncoderOptions& options() const { return options_; }

 private:
  EncoderOptions options_;
  Embedding& embedding_;
  Layer* positions_ = nullptr;
  Dropout& embedding_dropout_;
  Dropout& input_dropout_;
  std::vector<EncoderBlock*> blocks_;
  Layer* final_norm_ = nullptr;
  Layer* head_ = nullptr;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
