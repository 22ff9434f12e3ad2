#pragma once

// MultiHeadAttention written down a second time: straight from the definitions, with plain operations only and without
// a line of the layer's own code. The partner of the layer in tests.
#include <memory>
#include <string>

#include "layers/multi_head_attention.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

struct ReferenceResult {
  Tensor output;   ///< (B, Tq, out)
  Tensor weights;  ///< (B, H, Tq, Tk)
  Tensor sink;     ///< (B, H, Tq, 1), empty without one
};

/// Uses the layer's options and parameters. `bias` is what the mask's bias rules add up to, broadcasting to
/// (B, H, Tq, Tk).
ReferenceResult reference_attention(const MultiHeadAttention& layer, const Tensor& query, const Tensor& key,
                                    const Tensor& value, const Mask& mask, const Array& bias);

/// True when the mask and the layer's window show key k to query q.
bool is_visible(const MultiHeadAttentionOptions& options, const Mask& mask, const Shape& logits, std::size_t b,
                std::size_t h, std::size_t q, std::size_t k);

/// A score of a user, registered as "leaning_dot": (1 + gain_h) q . k + lean k_0, which prefers keys on its own.
class LeaningDot : public AttentionScore {
 public:
  LeaningDot(const ScoreSize& size, double lean);
  Tensor forward(const Tensor& query, const Tensor& key, const Context& context) override;

 private:
  Real lean_;
  Tensor gain_;
};

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
