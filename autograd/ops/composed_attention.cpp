#include <limits>
#include <utility>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/attention.h"
#include "autograd/ops/attention_size.h"
#include "autograd/ops/dropout.h"
#include "autograd/ops/heads.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/select.h"
#include "autograd/ops/unary.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// A mask as whole arrays (B, H, Tq, Tk): which keys are visible, and what is added to their scores.
struct DenseMask {
  Condition visible;
  Tensor bias;
  std::size_t hidden_rows;
};

DenseMask dense_mask(const Mask& mask, const Shape& shape) {
  const MaskRows rows(mask, shape);
  Tokens visible(shape);
  Array bias = zeros(shape);
  std::size_t hidden_rows = 0;
  std::size_t at = 0;
  for (std::size_t b = 0; b < shape[0]; ++b) {
    for (std::size_t h = 0; h < shape[1]; ++h) {
      for (std::size_t q = 0; q < shape[2]; ++q) {
        const kernels::VisibleKeys keys = rows.row(b, h, q);
        bool any = false;
        for (std::size_t k = 0; k < shape[3]; ++k, ++at) {
          const bool in_range = k >= keys.begin && k < keys.end;
          const bool allowed = in_range && (keys.visible == nullptr || keys.visible[k] != 0);
          const bool shown =
              allowed && (keys.bias == nullptr || keys.bias[k] != -std::numeric_limits<Real>::infinity());
          visible.data()[at] = shown ? 1 : 0;
          if (shown && keys.bias != nullptr) bias.data()[at] = keys.bias[k];
          any = any || shown;
        }
        hidden_rows += any ? 0 : 1;
      }
    }
  }
  return {Condition(std::move(visible)), Tensor(std::move(bias)), hidden_rows};
}

}  // namespace

AttentionResult composed_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                   const AttentionOptions& options) {
  const AttentionSize size = attention_size(query, key, value, options);
  const auto heads_of = [&](const Tensor& x) {
    return split_heads(repeat_heads(x, size.kv_heads, size.heads), size.heads);
  };
  const DenseMask mask = dense_mask(options.mask, size.weights_shape());
  const Tensor scores =
      matmul(split_heads(query, size.heads), heads_of(key), {.transpose_b = true}) * size.scale + mask.bias;
  // Subtracting a constant from a row changes neither softmax nor its derivative, so the maximum needs no history.
  const Tensor top =
      max(where(mask.visible, scores, std::numeric_limits<Real>::lowest()), {.axes = {-1}, .keep_dims = true}).detach();
  const Tensor exponentials = where(mask.visible, exp(where(mask.visible, scores - top, Real{0})), Real{0});
  const Tensor total = sum(exponentials, {.axes = {-1}, .keep_dims = true});
  const Tensor weights = exponentials / maximum(total, Tensor(scalar(std::numeric_limits<Real>::min())));
  const Tensor used = dropout(weights, options.dropout, options.dropout_key);
  return {merge_heads(matmul(used, heads_of(value))), weights, mask.hidden_rows};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
