#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/inspect/head_roles.h"
#include "apps/tasks/batches.h"
#include "apps/tasks/task.h"
#include "core/mask.h"
#include "layers/hooks.h"
#include "layers/models/model.h"

namespace headlight {

/// What a model answers to a batch, and the maps of its attention layers in the order in which they ran, with the queries
/// that are padding noted.
struct CapturedRun {
  Tensor answers{};
  std::vector<AttentionWeights> layers{};
};

/// Runs the model as in an evaluation, without history.
CapturedRun capture_run(Model& model, const Batch& batch, const Hooks* hooks = nullptr);

/// Real queries of each member in the layers of a block.
std::vector<std::size_t> real_queries(const Batch& batch, const std::string& block);

/// What the mask of an attention layer hides of sequences without padding.
struct LayerMask {
  bool known = false;
  bool causal = false;     ///< row q sees keys 0 ... q
  std::size_t window = 0;  ///< keys that a row sees around or behind itself; 0: all
  Mask visible{};
};

/// The mask of the layer at `path`, for whatever draws, records or measures its maps. That of a user's own layer, which is
/// no MultiHeadAttention, is not known: nothing counts as hidden, so that what it reads of the future is seen and counted.
LayerMask mask_of_layer(const Model& model, const std::string& path);

/// 1 where the mask hides the key from the query, (Tq, Tk); empty where nothing is hidden.
std::vector<std::uint8_t> hidden_cells(const LayerMask& mask, std::size_t queries, std::size_t keys);

/// The layers whose mask is not known, as one sentence for tables of their heads; "" where there is none.
std::string unknown_masks(const Model& model, const std::vector<AttentionWeights>& layers);

/// The keys that each query of a layer sees, (B, Tq), as causality, windows and padding leave them; see mask_of_layer().
class VisibleKeysOf {
 public:
  /// The model must outlive this.
  explicit VisibleKeysOf(const Model& model) : model_(model) {}

  std::vector<KeyRange> operator()(const Batch& batch, const std::string& path, std::size_t queries,
                                   std::size_t keys) const;

 private:
  const Model& model_;
};

/// Says what stands on the axes of the maps of a model on a task: what may be seen (causality, windows, padding) and which
/// tokens are read and produced. Targets are named as tokens of the source by their text.
class LayerAxes {
 public:
  /// Both must outlive this.
  LayerAxes(const Model& model, const Task& task);

  MapAxes operator()(const Batch& batch, const AttentionWeights& layer) const;

 private:
  const Model& model_;
  std::vector<std::int32_t> source_ids_{};  ///< of each target id; -1: no token of the source is called so
};

/// The patterns of a task as rules on a batch; both must outlive the rules, the batch may be filled again.
std::vector<PatternRule> pattern_rules(const Task& task, const Batch& batch);

/// A head in its place.
struct HeadPlace {
  std::string path{};     ///< of its layer
  std::string block{};    ///< enc.self, dec.self or dec.cross
  std::size_t layer = 0;  ///< within the block
  std::size_t head = 0;
};

/// An attention layer in its place; `index` is its place among the layers that were captured.
struct LayerPlace {
  std::size_t index = 0;
  std::string block{};
  std::size_t layer = 0;  ///< within the block
};

/// The captured layers by blocks, in the order in which these first run, and by layers within them.
std::vector<LayerPlace> layer_places(const Model& model, const std::vector<AttentionWeights>& layers);

}  // namespace headlight
