#pragma once

#include <cstddef>

#include "layers/init.h"
#include "layers/input_stage.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct VectorInputOptions {
  std::size_t features = 0;  ///< F
  std::size_t width = 0;     ///< C
  bool bias = true;
};

/// y = x W^T + b: vectors (B, T, F) -> (B, T, C), for inputs that are measured and not looked up. Parameters `weight`
/// (C, F) and `bias` (C). Throws ConfigError when F or C is 0.
class VectorInput : public InputStage {
 public:
  VectorInput(const VectorInputOptions& options, Init& init);

 private:
  Tensor read(const ModelInput& input) override;

  std::size_t features_;
  Tensor weight_;
  Tensor bias_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
