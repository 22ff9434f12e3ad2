#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/inspect/attention_map.h"
#include "apps/inspect/attention_scores.h"
#include "apps/tasks/task.h"
#include "layers/models/encoder.h"

namespace headlight {

/// What the heads of a model read on held-out sequences.
struct AttentionReport {
  std::size_t sequences = 0;
  std::vector<AttentionWeights> layers{};
  std::vector<HeadScores> scores{};
};

/// Runs the model on the first 256 held-out sequences (or all, where there are fewer).
AttentionReport report_attention(Encoder& model, const Task& task);

/// The attention of every layer on one sequence of token ids.
std::vector<AttentionWeights> attention_on(Encoder& model, std::span<const std::int32_t> tokens);

/// The tokens of held-out example `index`. Throws ConfigError when there is none.
std::vector<std::int32_t> probe_tokens(const Task& task, std::uint64_t index);

/// Names a map: run, step and what the model read.
struct MapSource {
  std::string run;
  std::uint64_t step;
  std::string input;  ///< "probe 0"
};

/// The map of one head with its names; `tokens` stand on both axes and may be empty for an average.
AttentionMap make_map(const std::vector<float>& weights, std::size_t queries, std::size_t keys, std::size_t layer,
                      std::size_t head, const MapSource& source, const Task& task,
                      std::span<const std::int32_t> tokens);

}  // namespace headlight
