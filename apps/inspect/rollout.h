#pragma once

#include <vector>

#include "apps/inspect/attention_weights.h"

namespace headlight {

struct RolloutOptions {
  double residual = 0.5;  ///< share of the identity, which stands for the residual connection; 0 <= residual < 1
};

/// Attention rolled out over layers: rollout_l = A_l rollout_(l-1), rollout_0 = I, where A_l is the mean over heads of
/// layer l's weights, its rows normalised to 1 after (1 - residual) A + residual I. Entry (i, j) says how much of what
/// stands at position i behind layer l came from the input at position j, if heads only moved what they read.
///
/// Takes the self-attention layers of one stack, first to last; returns one map per layer and batch member in the same
/// form, with one head and the path of its layer. Rows sum to 1; a row in which every key is hidden passes its own
/// position on. Weights that sum to less than 1 (a sink) or more (sigmoid) are normalised with the rest.
/// Throws ShapeError when layers differ in batch or length or are not square (leave cross-attention out), ConfigError on
/// a residual outside [0, 1).
/// Source: Abnar & Zuidema 2020, arXiv:2005.00928, section 3 ("Attention Rollout"), there with residual 0.5.
std::vector<AttentionWeights> rollout(const std::vector<AttentionWeights>& layers, const RolloutOptions& options = {});

}  // namespace headlight
