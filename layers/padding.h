#pragma once

#include <cstddef>
#include <vector>

#include "autograd/ops/select.h"
#include "core/mask.h"

/// Which positions of a batch are real and which padding, for layers other than attention.
namespace headlight::inline HEADLIGHT_PRECISION {

/// The real positions of each batch member of x (B, T, ...), none above T; B times T where the mask says nothing. The
/// mask speaks of a sequence in which x begins at position `first`: 0, or behind what a cache holds.
/// Throws ShapeError in the name of `layer` when x has no axis of time or the mask speaks of another B.
std::vector<std::size_t> real_lengths(const Tensor& x, const Mask& mask, const char* layer, std::size_t first = 0);

/// True when some member of x is shorter than T. Throws as real_lengths() does.
bool has_padding(const Tensor& x, const Mask& mask, const char* layer, std::size_t first = 0);

/// True at real positions: (B, T, 1).
Condition real_positions(const std::vector<std::size_t>& lengths, std::size_t time);

/// x (B, T, C) with 0 in padded positions: what stands there, NaN included, has no influence and receives no gradient.
/// x itself where nothing is padded. Throws as real_lengths() does.
Tensor zero_padding(const Tensor& x, const Mask& mask, const char* layer, std::size_t first = 0);

}  // namespace headlight::inline HEADLIGHT_PRECISION
