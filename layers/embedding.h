#pragma once

#include <cstddef>

#include "layers/init.h"
#include "layers/input_stage.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct EmbeddingOptions {
  std::size_t vocabulary = 0;  ///< V
  std::size_t width = 0;       ///< C
  bool bias = false;           ///< added to every vector: with it, the layer equals a Dense layer on one-hot inputs
  bool scale = false;          ///< multiplies the vectors by sqrt(C) (Vaswani et al. 2017, section 3.4)
};

/// y = scale * table[id] + bias: token ids (...) -> (..., C). Parameters `weight` (V, C) and `bias` (C).
/// Throws ConfigError when V or C is 0, ShapeError on an id outside [0, V), naming it and its place.
class Embedding : public InputStage {
 public:
  Embedding(const EmbeddingOptions& options, Init& init);

  using InputStage::operator();
  Tensor operator()(const Tokens& ids) const;

  /// The table (V, C); a head that is tied to it takes it as HeadOptions::tied.
  const Tensor& weight() const { return weight_; }

 private:
  Tensor read(const ModelInput& input) override;

  Real scale_;
  Tensor weight_;
  Tensor bias_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
