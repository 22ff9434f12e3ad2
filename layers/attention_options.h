#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "autograd/ops/attention_stages.h"
#include "autograd/ops/rope.h"
#include "layers/attention_score.h"
#include "layers/init.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// How the heads' results z_h become one.
enum class CombineKind {
  concat,  ///< W_o [z_1, ..., z_H] + b_o
  sum,     ///< W_o (z_1 + ... + z_H) + b_o
};

/// What a value is made of.
enum class ValueKind {
  dense,   ///< W x_j + b
  conv1d,  ///< a convolution over positions: of j and the ones before it under a causal mask, else of those around it
};

/// One more key that no mask hides.
enum class SinkKind {
  none,
  zero,     ///< logit 0 and value 0: a head may look at nothing (torch.nn.MultiheadAttention's add_zero_attn)
  learned,  ///< a learned key and value per key head (its bias_k and bias_v)
};

/// How positions enter the scores.
enum class AttentionPositions {
  none,
  rope,      ///< queries and keys are rotated, see rope()
  alibi,     ///< score - slope_h |distance|, slopes as in Press, Smith & Lewis 2021, arXiv:2108.12409, section 3
  relative,  ///< score + a learned bias per head and clipped distance (Raffel et al. 2019, arXiv:1910.10683, section 2.1,
             ///< with clipping as in Shaw, Uszkoreit & Vaswani 2018, arXiv:1803.02155, in place of buckets)
};

struct MultiHeadAttentionOptions {
  std::size_t d_model = 0;      ///< width of the queries' input
  std::size_t heads = 1;        ///< H
  std::size_t kv_heads = 0;     ///< Hkv, heads of keys and values, divides H; 0: H, 1: multi-query
  std::size_t head_size = 0;    ///< D, size of a query and a key; 0: d_model / heads
  std::size_t value_size = 0;   ///< Dv, size of a value; 0: head_size
  std::size_t key_width = 0;    ///< width of the keys' input; 0: d_model
  std::size_t value_width = 0;  ///< width of the values' input; 0: key_width
  std::size_t out_size = 0;     ///< width of the output; 0: d_model
  bool bias = true;             ///< of all four projections
  double dropout = 0;           ///< of the weights, while training
  bool cross = false;           ///< forward() attends to Context::memory instead of to its input
  CombineKind combine = CombineKind::concat;
  ScoreKind score = ScoreKind::scaled_dot;
  ScoreFactory user_score = nullptr;  ///< makes a score of your own; `score` is then not read
  AttentionKind weights = AttentionKind::softmax;
  std::size_t top_k = 0;  ///< with weights top_k: how many keys a query attends to
  ValueKind value = ValueKind::dense;
  std::size_t value_kernel = 0;  ///< with value conv1d: positions under the kernel; 0: 3
  std::size_t window = 0;  ///< a query sees the last `window` keys, without a causal mask also as many ahead; 0: all
  SinkKind sink = SinkKind::none;
  double softcap = 0;          ///< c > 0: scores become c tanh(score / c); 0: no cap
  bool qk_norm = false;        ///< RMS norm of each query and key, with learned gains per head
  bool talking_heads = false;  ///< learned (H, H) mixtures of the scores and of the weights over heads
  AttentionPositions positions = AttentionPositions::none;
  RopePairing rope_pairing = RopePairing::halves;
  double rope_base = 10000;
  std::size_t max_distance = 0;  ///< with positions relative: distances beyond it share a bias; 0: 16
};

/// The options with every "0: ..." replaced by what it stands for. Throws ConfigError, naming the keys and a way out,
/// on widths that do not fit and on options that exclude each other.
MultiHeadAttentionOptions resolved(MultiHeadAttentionOptions options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
