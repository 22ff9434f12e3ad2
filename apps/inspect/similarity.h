#pragma once

#include <vector>

#include "apps/inspect/attention_weights.h"

namespace headlight {

/// How alike the maps of two heads are: the cosine of the maps of all members, flattened,
///   sum A B / sqrt(sum A^2 sum B^2),
/// over the rows that are no padding. Heads of all layers in their order: (N, N) row-major, 1 on the diagonal, 0 to 1 for
/// weights that are not negative. NaN between maps of different shapes or different padding, and where a map is all 0 or not finite.
std::vector<float> head_similarity(const std::vector<AttentionWeights>& layers);

}  // namespace headlight
