#pragma once

#include <memory>

#include "autograd/ops.h"
#include "layers/context.h"
#include "layers/layer.h"
#include "layers/registry.h"

namespace headlight::testing::inline HEADLIGHT_PRECISION {

/// Attention as a user's own layer has it, which is no MultiHeadAttention: one head that reads every position alike,
/// those to come among them. (B, T, C) -> (B, T, C); every weight is 1 / T.
class OwnAttention : public Layer {
 public:
  Tensor forward(const Tensor& x, const Context& context) override {
    const std::size_t batch = x.extent(0);
    const std::size_t length = x.extent(1);
    const Tensor weights(full({batch, length, length}, Real{1} / static_cast<Real>(length)));
    if (context.recorder != nullptr) {
      context.recorder->record(path(), Tensor(full({batch, 1, length, length}, Real{1} / static_cast<Real>(length))),
                               0);
    }
    return x + matmul(weights, x);
  }
};

inline const RegisterLayer own_attention{"own_attention", [](const LayerConfig& /*config*/, Init& /*init*/) {
                                           return std::make_unique<OwnAttention>();
                                         }};

}  // namespace headlight::testing::inline HEADLIGHT_PRECISION
