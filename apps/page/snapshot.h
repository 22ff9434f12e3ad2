#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/page/view_run.h"

namespace headlight {

/// The kinds of attention, in the order in which blocks stand.
inline constexpr std::array<const char*, 3> kBlockKinds = {"enc.self", "dec.self", "dec.cross"};

/// An attention layer as a snapshot knows it.
struct SnapshotLayer {
  std::string kind{};  ///< "enc.self", "dec.self" or "dec.cross"
  std::string path{};
  std::size_t heads = 0;
  bool causal = false;
  std::size_t window = 0;  ///< 0: none
};

/// Where a layer stands in the blocks of a run.
struct BlockPlace {
  std::size_t block = 0;
  std::size_t layer = 0;
};

/// Puts layers, in the order in which they run, into blocks of one kind, number of heads and mask: "dec.self",
/// "dec.self.2" and so on, in which each keeps its number within the kind. The shapes follow from the probes of the run.
/// Returns the place of each layer.
/// Throws ShapeError where a causal layer would not be square.
std::vector<BlockPlace> add_blocks(ViewRun& run, std::span<const SnapshotLayer> layers);

/// Arrays of one layer on all probes: (probe, head, query, key), longer than a probe where another one is.
struct LayerArrays {
  std::size_t queries = 0;  ///< extents of the arrays
  std::size_t keys = 0;
  std::span<const float> weights{};
  std::span<const float> scores{};  ///< before mask and softmax; empty where they were not kept
};

/// Adds a snapshot to a run layer by layer, so that one array at a time is needed.
class SnapshotWriter {
 public:
  /// `step` is greater than the steps that the run has. `places` as add_blocks() returned them.
  SnapshotWriter(ViewRun& run, std::uint64_t step, std::span<const BlockPlace> places);

  /// Layers come in any order, each once. Throws ShapeError where an array is smaller than a probe needs.
  void add(std::size_t layer, const LayerArrays& arrays);

  /// Joins entries of cells that are no numbers where whole heads, layers, blocks or all probes are alike, and removes
  /// the full precision of the snapshot before unless `kept` has its step.
  void finish(std::span<const std::uint64_t> kept);

 private:
  ViewExact& exact_of(std::vector<ViewExact>& all, std::size_t block, std::size_t probe, std::size_t values);

  ViewRun& run_;
  std::uint64_t step_;
  std::vector<BlockPlace> places_;
  std::vector<ViewInvalid> invalid_{};
};

}  // namespace headlight
