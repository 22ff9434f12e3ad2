#pragma once

#include <string>
#include <vector>

#include "apps/heads/answer_attribution.h"
#include "apps/heads/circuits.h"
#include "apps/heads/head_statistics.h"
#include "apps/heads/patching.h"
#include "apps/inspect/attention_map.h"

/// What `headlight inspect` prints.
namespace headlight {

/// Every head with its tag, and for each role and pattern that has a meaning in some layer the score and the lift; below it
/// how many rows each is a mean over, and the thresholds of the tags.
std::string role_table(const HeadStatistics& statistics);

/// What replacing each head does to loss and accuracies, with standard errors; for each ablation that was measured.
std::string ablation_table(const HeadStatistics& statistics, const std::vector<Ablation>& ablations);

/// For each block a map of heads and positions, and one table of all heads.
std::vector<AttentionMap> patching_maps(const PatchedRun& run, const std::vector<std::string>& source_labels,
                                        const std::vector<std::string>& target_labels);
std::string patching_table(const PatchedRun& run, const Task& task);

std::string attribution_table(const AnswerAttribution& attribution, const Task& task);

std::string circuits_table(const Circuits& circuits);

/// A class of the task as people write it.
std::string class_text(const Task& task, std::int32_t id);

}  // namespace headlight
