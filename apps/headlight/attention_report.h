#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/inspect/attention_map.h"
#include "apps/inspect/attention_scores.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"

namespace headlight {

/// What the heads of a model read on held-out sequences.
struct AttentionReport {
  std::size_t sequences = 0;
  std::vector<AttentionWeights> layers{};
  std::vector<std::string> blocks{};  ///< of each layer: "enc.self", "dec.self" or "dec.cross"
  std::vector<HeadScores> scores{};
};

/// Runs the model on the first 256 held-out sequences (or all, where there are fewer).
AttentionReport report_attention(Model& model, const Task& task);

/// The attention of every layer on one sequence, and what stands on the axes of its maps.
struct AttentionLook {
  std::vector<AttentionWeights> layers;
  std::vector<std::int32_t> source;
  std::vector<std::int32_t> target;  ///< of an encoder-decoder: what the decoder read, begin mark included
};

/// Looks at token ids; an encoder-decoder answers them greedily, with as many tokens.
AttentionLook look_at(Model& model, std::span<const std::int32_t> tokens);

/// The tokens of held-out example `index`. Throws ConfigError when there is none.
std::vector<std::int32_t> probe_tokens(const Task& task, std::uint64_t index);

/// Names a map: run, step and what the model read.
struct MapSource {
  std::string run;
  std::uint64_t step;
  std::string input;  ///< "probe 0"
};

/// Which head's map it is.
struct AttentionPlace {
  const AttentionWeights& weights;
  std::size_t layer;
  std::size_t head;
};

/// The map of one head with its names; the tokens of `look`, where there is one, stand on the axes.
AttentionMap make_map(const std::vector<float>& weights, const AttentionPlace& place, const MapSource& source,
                      const Model& model, const Task& task, const AttentionLook* look);

}  // namespace headlight
