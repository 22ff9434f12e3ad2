#pragma once

#include <cstddef>

#include "layers/dense.h"
#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct MultiHeadAttentionOptions {
  std::size_t d_model = 0;      ///< width of the queries' input
  std::size_t heads = 1;        ///< H
  std::size_t head_size = 0;    ///< D, size of a query and a key; 0: d_model / heads
  std::size_t value_size = 0;   ///< Dv, size of a value; 0: head_size
  std::size_t key_width = 0;    ///< width of the keys' input; 0: d_model
  std::size_t value_width = 0;  ///< width of the values' input; 0: key_width
  std::size_t out_size = 0;     ///< width of the output; 0: d_model
  bool bias = true;             ///< of all four projections
  double dropout = 0;           ///< of the weights, while training
  bool cross = false;           ///< forward() attends to Context::memory instead of to its input
};

/// What one call of an attention layer made.
struct AttentionOutput {
  Tensor output;            ///< (B, Tq, out_size)
  Tensor weights;           ///< (B, H, Tq, Tk): per head, before dropout; rows sum to 1, or to 0 where all is hidden
  Tensor heads;             ///< z (B, Tq, H Dv): the heads' results side by side, before the output projection
  std::size_t hidden_rows;  ///< rows (b, h, q) in which no visible key has a score above -infinity
};

/// output = W_o [head_1, ..., head_H] + b_o,  head_h = softmax(Q_h K_h^T / sqrt(D)) V_h over the visible keys.
/// Parameters query.weight (H D, d_model), key.weight (H D, key_width), value.weight (H Dv, value_width),
/// output.weight (out_size, H Dv), each with a bias; wq, wk, wv and the final dense layer of a Keras attention class.
/// Throws ConfigError when d_model is no multiple of heads and head_size is not given (naming the nearest counts that
/// fit), or a width is 0.
/// Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.
class MultiHeadAttention : public Layer {
 public:
  MultiHeadAttention(const MultiHeadAttentionOptions& options, Init& init);

  /// Self-attention of x (B, T, d_model) under Context::mask; with `cross`, attention from x to Context::memory under
  /// Context::memory_mask. Tells Context::recorder of the weights.
  Tensor forward(const Tensor& x, const Context& context) override;

  /// Attention between any three sequences: query (B, Tq, d_model), key (B, Tk, key_width), value (B, Tk, value_width).
  /// Reads only training, random and recorder of the context. The weights are there in every mode, by the same code:
  /// outputs, loss and gradients do not depend on who looks at them.
  AttentionOutput attend(const Tensor& query, const Tensor& key, const Tensor& value, const Mask& mask,
                         const Context& context);

  std::size_t heads() const { return heads_; }
  std::size_t head_size() const { return head_size_; }

 private:
  std::size_t heads_;
  std::size_t head_size_;
  double dropout_;
  bool cross_;
  Dense* query_;
  Dense* key_;
  Dense* value_;
  Dense* output_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
