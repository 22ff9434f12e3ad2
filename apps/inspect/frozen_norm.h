#pragma once

#include <optional>

#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// A normalisation seen as a linear map, its scale held at the value that the whole input gives:
///   y = gain * (x - mean(x)) / scale + bias,  scale = sqrt(var(x) + eps)      (LayerNorm, `centered`)
///   y = gain * x / scale + bias,              scale = sqrt(mean(x^2) + eps)   (RMSNorm)
struct FrozenNorm {
  bool centered = true;
  std::optional<Array> gain = {};  ///< (C); without: ones
  std::optional<Array> bias = {};  ///< (C); without: zeros
  double eps = 1e-5;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
