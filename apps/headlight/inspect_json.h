#pragma once

#include <nlohmann/json_fwd.hpp>

#include "apps/heads/answer_attribution.h"
#include "apps/heads/attention_report.h"
#include "apps/heads/circuits.h"
#include "apps/heads/head_statistics.h"
#include "apps/heads/patching.h"

/// The parts of what `headlight inspect --json` prints.
namespace headlight {

/// The maps of one input: tokens, and for each head its block, layer, head and rows of weights.
nlohmann::ordered_json attention_json(const AttentionLook& look, const Model& model, const Task& task);

/// Rows of head_stats.jsonl with a `tag` (null: none) in each.
nlohmann::ordered_json heads_json(const HeadStatistics& statistics, std::uint64_t step);

nlohmann::ordered_json patching_json(const PatchedRun& run, const Task& task);
nlohmann::ordered_json attribution_json(const AnswerAttribution& attribution, const Task& task);
nlohmann::ordered_json circuits_json(const Circuits& circuits);

}  // namespace headlight
