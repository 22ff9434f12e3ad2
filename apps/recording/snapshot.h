#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/config/inspection_config.h"
#include "apps/heads/captured_run.h"
#include "apps/inspect/attention_weights.h"
#include "apps/recording/probes.h"
#include "apps/tasks/task.h"
#include "apps/training/snapshot_names.h"
#include "layers/models/model.h"

namespace headlight {

/// What one attention layer does on the probes.
struct LayerSnapshot {
  std::string block{};    ///< enc.self, dec.self or dec.cross
  std::size_t layer = 0;  ///< inside the block, in the order in which its layers run
  std::string path{};     ///< of the layer in the model
  LayerMask mask{};
  std::vector<AttentionWeights> weights{};  ///< of each probe, as a batch of one
  std::vector<AttentionWeights> scores{};   ///< likewise before mask and softmax; none where they are not kept
};

/// What a model says to the probes, given the right answers so far.
struct ProbePredictions {
  std::size_t top = 0;     ///< classes that are told of each row: the likeliest ones
  bool positions = false;  ///< classes are positions of the input
  std::string rows{};      ///< whose positions have predictions: "src", "tgt_in", or "all" for one row per probe
  std::size_t most_rows = 0;
  std::vector<std::int32_t>
      ids{};                  ///< (probe, most_rows, top), the likeliest first, of equal ones the lower; -1: no row
  std::vector<float> prob{};  ///< the same; NaN: no row
  std::vector<float> target_prob{};  ///< (probe, most_rows); NaN: no row, or no target
};

struct Snapshot {
  std::vector<LayerSnapshot> layers{};
  ProbePredictions predictions{};  ///< empty where the task answers with numbers
};

/// Runs the model on each probe by itself, without history or dropout. The model's weights, and the numbers that it would
/// draw next, stay what they are.
Snapshot take_snapshot(Model& model, const Task& task, const std::vector<Probe>& probes,
                       const config::ProbesConfig& config);

/// Writes one file, whose tensors apps/recording/README.md lists. Throws FileError.
void write_snapshot(const std::filesystem::path& file, const Snapshot& snapshot, std::uint64_t step,
                    config::SnapshotType type);

}  // namespace headlight
