#pragma once

#include <cstddef>

#include "layers/attention_options.h"
#include "layers/dense.h"
#include "layers/init.h"
#include "layers/key_value_cache.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

enum class HookPoint;
class ValueConvolution;

/// What one call of an attention layer made.
struct AttentionOutput {
  Tensor output;   ///< (B, Tq, out_size)
  Tensor weights;  ///< (B, H, Tq, Tk): per head, before dropout. With softmax and top_k, without talking heads, a row
                   ///< and its sink weight sum to 1, or to 0 where all is hidden and there is no sink
  Tensor heads;    ///< z (B, Tq, H Dv): the heads' results side by side, before the output projection
  std::size_t hidden_rows;  ///< rows (b, h, q) in which no visible key has a score above -infinity
  Tensor sink;              ///< (B, H, Tq): the weights of the sink, before dropout; empty without one
};

/// output = W_o [z_1, ..., z_H] + b_o,  z_h = sum over visible keys j of weights_h(., j) value_h(j),
/// weights_h = softmax(Q_h K_h^T / sqrt(D)), and variations of each part by option. The way of one query's scores:
///
///     query, key   projected, [qk_norm], [rope]
///     logits       score, [softcap], [talking heads], [bias of alibi or relative positions]
///     weights      softmax, sigmoid or top_k over the visible keys [and the sink], [talking heads], zero where hidden
///     z            the weights, [dropout], times the values [plus the sink's]
///     output       z concatenated or summed over heads, projected
///
/// Parameters query.weight (H D, d_model), key.weight (Hkv D, key_width), value.weight (Hkv Dv, value_width; conv1d:
/// with a last axis of value_kernel), output.weight (out_size, H Dv; sum: Dv), each with a bias; wq, wk, wv and the
/// final dense layer of a Keras attention class. By option: query_gain (H, D) and key_gain (Hkv, D), ones;
/// score_matrix (H, D, D), score_vector (H, D), score_log_scale (H), see ScoreKind; those of a score of your own below
/// `score`; talking_scores and talking_weights (H, H), identity; relative_bias (2 max_distance + 1, H), zeros;
/// sink_key (Hkv, D) and sink_value (Hkv, Dv). Sinks and score_vector are drawn by Init::vectors(): each head's as a
/// weight with as many inputs as the vector has elements, and one output.
///
/// A convolution over values sees zeros in place of padding, whatever the padding holds; through it a query depends on
/// the value_kernel - 1 positions before (or around) each key that it sees.
/// With talking heads and a mask per head, hidden keys keep weight 0 in each head.
/// Outputs do not depend on what stands at a hidden key as long as it is finite: its value is multiplied by the weight
/// 0, and 0 times NaN or infinity is NaN. Behind the lengths of Mask::padding() anything may stand, NaN included.
/// Throws ConfigError as resolved() does.
/// Sources: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2; grouped heads: Ainslie et al. 2023, arXiv:2305.13245;
/// qk_norm: Henry et al. 2020, arXiv:2010.04245, with an RMS norm in place of the L2 norm; talking heads: Shazeer et al.
/// 2020, arXiv:2003.02436; softcap: Gemma 2, arXiv:2408.00118, section 2.
class MultiHeadAttention : public Layer {
 public:
  MultiHeadAttention(const MultiHeadAttentionOptions& options, Init& init);

  /// Self-attention of x (B, T, d_model) under Context::mask; with `cross`, attention from x to Context::memory under
  /// Context::memory_mask. Tells Context::recorder of the weights. Positions begin at Context::offset. With
  /// Context::cache the keys of earlier calls come before those of x.
  /// Throws StateError on a cache while training, with another length than the offset, or, in self-attention, without a
  /// causal mask with aligned ends.
  Tensor forward(const Tensor& x, const Context& context) override;

  /// Attention between any three sequences: query (B, Tq, d_model), key (B, Tk, key_width), value (B, Tk, value_width).
  /// Reads neither masks nor memory of the context. The weights are there in every mode, by the same code: outputs, loss
  /// and gradients do not depend on who looks at them.
  AttentionOutput attend(const Tensor& query, const Tensor& key, const Tensor& value, const Mask& mask,
                         const Context& context);

  /// What each head adds to the output: z_h W_o[h]^T (B, H, Tq, out_size), for AttentionOutput::heads. The sum over
  /// heads plus the output's bias is the output, up to rounding.
  Tensor contributions(const Tensor& heads) const;

  /// With every default filled in.
  const MultiHeadAttentionOptions& options() const { return options_; }
  std::size_t heads() const { return options_.heads; }
  std::size_t head_size() const { return options_.head_size; }

 private:
  /// Heads side by side: query (B, Tq, H D), key (B, Tk, Hkv D), value (B, Tk, Hkv Dv).
  struct Projected {
    Tensor query, key, value;
  };
  /// z (B, Tq, H Dv) and what led to it.
  struct Mixed {
    Tensor z, weights, sink;
    std::size_t hidden_rows;
  };
  /// A score as scale * query . key of transformed queries and keys.
  struct DotProduct {
    Tensor query, key;
    Real scale;
  };

  void make_score_parameters(Init& init);
  void make_other_parameters(Init& init);

  bool watches(HookPoint point, const Context& context) const;
  bool overwrites(HookPoint point, const Context& context) const;
  Tensor visit(HookPoint point, const Tensor& value, const Context& context) const;
  Tensor visit_heads(HookPoint point, const Tensor& packed, std::size_t heads, const Context& context) const;

  Projected project(const Tensor& query, const Tensor& key, const Tensor& value, const Mask& mask,
                    const Context& context);
  Tensor positioned(const Tensor& projected, const Tensor& gain, std::size_t heads, std::ptrdiff_t offset) const;
  Tensor values(const Tensor& input, const Mask& mask, const Context& context, KeyValueCache::Entry* entry);
  Tensor output(const Tensor& z, const Context& context);
  Tensor joined(const Tensor& z) const;
  Tensor output_of_contributions(const Tensor& parts, const Tensor& z, const Context& context) const;

  bool has_dot_product() const;
  DotProduct dot_product(const Tensor& query, const Tensor& key) const;
  Tensor scores(const Tensor& query, const Tensor& key, const Mask& mask, const Context& context);
  Tensor logits(const Projected& projected, const Mask& mask, const Context& context);
  Tensor capped(const Tensor& scores) const;
  Tensor with_position_bias(const Tensor& logits) const;
  Mixed mix_fused(const Projected& projected, const Mask& mask, const Context& context);
  Mixed mix_staged(const Projected& projected, const Mask& mask, const Context& context);
  Tensor sink_scores(const Tensor& query, const Context& context);
  Tensor sink_result(const Tensor& sink_weights) const;

  MultiHeadAttentionOptions options_;
  Dense* query_ = nullptr;
  Dense* key_ = nullptr;
  Dense* value_ = nullptr;                   ///< with value dense
  ValueConvolution* convolution_ = nullptr;  ///< with value conv1d
  Dense* output_ = nullptr;
  AttentionScore* user_score_ = nullptr;
  Tensor query_gain_, key_gain_;
  Tensor score_matrix_, score_vector_, score_log_scale_;
  Tensor talking_scores_, talking_weights_;
  Tensor relative_bias_;
  Tensor sink_key_, sink_value_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
