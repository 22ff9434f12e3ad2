#pragma once

#include <string>
#include <vector>

#include "apps/inspect/attention_scores.h"
#include "apps/training/accuracy.h"

namespace headlight {

/// Loss and accuracies of a split as a small table; by length where there are several.
std::string score_table(const std::string& split, const Evaluation& evaluation);

/// What every head reads, averaged over `sequences` held-out sequences; `blocks` names the attention of each
/// layer ("enc.self"); the most telling head is marked with `*`.
std::string head_table(const std::vector<HeadScores>& scores, const std::vector<std::string>& blocks,
                       std::size_t sequences);

}  // namespace headlight
