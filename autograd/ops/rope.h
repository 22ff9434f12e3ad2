#pragma once

#include <cstddef>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Which two elements of a head turn together.
enum class RopePairing {
  halves,    ///< i and i + D / 2: GPT-NeoX, Hugging Face's Llama
  adjacent,  ///< 2 i and 2 i + 1: the paper, Meta's Llama
};

struct RopeOptions {
  std::size_t heads = 1;
  RopePairing pairing = RopePairing::halves;
  double base = 10000;
  std::ptrdiff_t offset = 0;  ///< position of the first element; may be negative
};

/// Rotary position embedding: in each head, pair i of an element at position p is turned by the angle
/// p base^(-2 i / D), so that the dot product of a query and a key depends on the distance of their positions alone.
/// x (B, T, H D) -> (B, T, H D).  dx = g turned back. Angles are computed in double.
/// Throws ShapeError unless x has three axes, heads divides the last and D is even, ConfigError unless the base is
/// finite and above 0.
/// Source: Su et al. 2021, arXiv:2104.09864, equation 34.
Tensor rope(const Tensor& x, const RopeOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
