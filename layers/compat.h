#pragma once

#include "core/mask.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Whose conventions hold for what comes from outside.
enum class Compat {
  torch,     ///< PyTorch: in nn.MultiheadAttention true hides a key
  keras,     ///< Keras 3: in MultiHeadAttention true shows a key
  founding,  ///< the Keras class of the founding document: 1 hides a key, by adding -1e9 to its score
};

/// A mask of truth values as another system means it. What is not 0 counts as true.
Mask imported_mask(Compat compat, const Booleans& mask);

}  // namespace headlight::inline HEADLIGHT_PRECISION
