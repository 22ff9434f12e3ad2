#pragma once

#include <string>

#include "apps/heads/attention_report.h"
#include "apps/training/accuracy.h"

namespace headlight {

/// Loss and accuracies of a split as a small table; by length where there are several, and by how many targets
/// came before where the task reports that. A row with examples that could not be held out (Task::splits_share) ends with how many
/// these are, and a note says so.
std::string score_table(const std::string& split, const Evaluation& evaluation);

/// What every head reads, averaged over the report's sequences, with two columns for each pattern of the task: how often
/// the largest weight lies on a right key, and the mass there. The most telling head is marked with `*`.
std::string head_table(const AttentionReport& report);

}  // namespace headlight
