#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/inspect/head_roles.h"

/// What the heads of a whole model read.
namespace headlight {

struct HeadScores {
  std::size_t layer = 0;  ///< among all attention layers of the model, in the order in which they run
  std::size_t head = 0;
  HeadRoles roles{};
};

/// The scores of every head of every layer, layer by layer; `axes` and `blocks` are those of each layer.
std::vector<HeadScores> score_heads(const std::vector<AttentionWeights>& layers, const std::vector<MapAxes>& axes,
                                    const std::vector<std::string>& blocks, const std::vector<PatternRule>& patterns);

/// Makes the scores of a batch those of this batch and of `more` together. Throws ShapeError when they are of other heads.
void merge(std::vector<HeadScores>& scores, const std::vector<HeadScores>& more);

/// The most telling head: the most mass on the right keys of the first pattern, where there is one; else the least share
/// of entropy.
/// Of equal ones the first. Throws ShapeError when there is none.
const HeadScores& best_head(const std::vector<HeadScores>& scores);

}  // namespace headlight
