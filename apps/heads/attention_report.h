#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/heads/captured_run.h"
#include "apps/inspect/attention_map.h"
#include "apps/inspect/attention_scores.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"

namespace headlight {

/// What the heads of a model read on held-out sequences.
struct AttentionReport {
  std::size_t sequences = 0;
  std::vector<AttentionWeights> means{};     ///< of each layer: the mean map over the sequences, as of one member
  std::vector<LayerPlace> places{};          ///< of each layer, in the order of `means`
  std::vector<AttentionPattern> patterns{};  ///< of the task
  std::vector<HeadScores> scores{};          ///< their `layer` is a place in `means`
  std::string unknown_masks{};               ///< see unknown_masks(); "" where all masks are known
};

/// Runs the model on the first 256 held-out sequences: fewer of more than 128 positions, or all where there are no more.
/// They are run so few at a time that 4 MB hold all of their maps, or one by one, so that memory does not grow with their
/// number.
AttentionReport report_attention(Model& model, const Task& task);

/// The attention of every layer on one sequence, and what stands on the axes of its maps.
struct AttentionLook {
  std::vector<AttentionWeights> layers;
  std::vector<std::int32_t> source;
  std::vector<std::int32_t> target;  ///< of an encoder-decoder: what the decoder read, begin mark included
};

/// The example as a model reads it that answers it: an encoder-decoder greedily, whatever its target; others read it as it is.
Example answered(Model& model, const Task& task, const Example& example);

/// Looks at an example; an encoder-decoder answers it greedily, whatever its target.
AttentionLook look_at(Model& model, const Task& task, const Example& example);

/// How an input is called whose maps look_at() has: `input` itself, and "probe 0 (eval 17), its own answer" of an
/// encoder-decoder, because snapshots of the same probe have maps of the given answer.
std::string answered_name(const Model& model, const std::string& input);

/// Held-out example `index`. Throws ConfigError when there is none.
Example held_out_example(const Task& task, std::uint64_t index);

/// Names a map: run, step and what the model read.
struct MapSource {
  std::string run;
  std::uint64_t step;
  std::string input;  ///< "probe 0 (eval 17)"
};

/// Which head's map it is.
struct AttentionPlace {
  const AttentionWeights& weights;
  std::size_t layer;
  std::size_t head;
};

/// The map of one head with its names and what the mask hides; the tokens of `look`, where there is one, stand on the axes.
AttentionMap make_map(const std::vector<float>& weights, const AttentionPlace& place, const MapSource& source,
                      const Model& model, const Task& task, const AttentionLook* look);

}  // namespace headlight
