#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What the page of `headlight view` shows of one run: the manifest of apps/viewer/FORMAT.md as values.
namespace headlight {

/// A figure over the steps of a run.
struct ViewScalar {
  std::string split{};           ///< "train" or "eval"
  std::string name{};            ///< "loss"
  std::vector<double> steps{};   ///< rising
  std::vector<double> values{};  ///< as many; NaN and infinity are drawn as crosses
};

/// An input that is watched. Which of the three lists is used depends on the model: see FORMAT.md, "Probe".
struct ViewProbe {
  std::string label{};
  std::vector<std::int32_t> src{};
  std::vector<std::int32_t> tgt_in{};
  std::vector<std::int32_t> tgt_out{};  ///< negative: a position without a target
  std::vector<std::string> src_text{};  ///< names of the positions of `src` where they have no ids; else empty
};

/// Queries and keys of a map.
struct ViewShape {
  std::size_t queries = 0;
  std::size_t keys = 0;

  bool operator==(const ViewShape&) const = default;
};

/// The maps of attention layers that have their mask and their number of heads in common. A run whose heads were measured
/// without snapshots has blocks too, for these heads to stand in.
struct ViewBlock {
  std::string name{};  ///< unique in the run: "dec.self", "dec.self.2"
  std::string kind{};  ///< "enc.self", "dec.self" or "dec.cross"
  std::size_t heads = 0;
  bool causal = false;                     ///< query q sees the keys 0 ... q alone, and maps are square
  std::vector<std::string> layer_names{};  ///< path of each layer
  /// Of each layer: its number among all layers of the kind, from 0 in the order in which they run. Rising, with gaps
  /// where layers between them are in another block.
  std::vector<std::size_t> layer_numbers{};
  std::vector<std::size_t> windows{};  ///< of each layer; 0: none. See is_windowed()
  std::vector<ViewShape> shapes{};     ///< of each probe
  std::vector<ViewShape> padding{};    ///< of each probe: the last queries and keys that are padding; empty: none
  std::vector<std::vector<std::uint8_t>> codes{};  ///< of each probe: (step, layer, head, cell), cells as packed

  std::size_t layers() const { return layer_names.size(); }
  /// Whether some cells are hidden besides those that `causal` hides: query q of a layer with a window of n sees no key
  /// n or more positions before its own, and, where the block is not causal, none as far behind it. Its own position is
  /// q + keys - queries, as Mask::window() has it.
  bool is_windowed() const;
  bool sees(std::size_t layer, const ViewShape& shape, std::size_t query, std::size_t key) const;
};

/// Weights (packed as their block is) or scores (whole maps) of one step in full precision.
struct ViewExact {
  std::size_t block = 0;
  std::size_t probe = 0;
  std::uint64_t step = 0;
  std::vector<float> values{};  ///< (layer, head, cell)
};

/// Cells that are no finite number. What is empty means all of them.
struct ViewInvalid {
  std::size_t block = 0;
  std::optional<std::size_t> probe{};
  std::uint64_t step = 0;
  std::optional<std::size_t> layer{};
  std::optional<std::size_t> head{};
  std::optional<std::size_t> query{};
  std::optional<std::size_t> key{};
  std::string value{};  ///< "nan", "inf" or "-inf"

  bool operator==(const ViewInvalid&) const = default;
};

/// Teacher-forced predictions of every snapshot.
struct ViewPredictions {
  std::string rows{};  ///< whose positions have them: "src", "tgt_in", or "all" for one row in all
  std::size_t top = 0;
  bool positions = false;  ///< ids are positions of the input
  struct Probe {
    std::vector<std::int32_t> ids{};   ///< (step, row, top), most probable first
    std::vector<float> prob{};         ///< (step, row, top)
    std::vector<float> target_prob{};  ///< (step, row); NaN where there is no target
  };
  std::vector<Probe> probes{};
};

/// A head by its place in the run's blocks.
struct ViewHead {
  std::size_t block = 0;
  std::size_t layer = 0;
  std::size_t head = 0;

  bool operator==(const ViewHead&) const = default;
};

/// How alike the maps of heads are.
struct ViewSimilarity {
  std::vector<std::uint64_t> steps{};
  std::vector<float> values{};  ///< (step, head, head)
};

/// What heads do, in numbers: columns as FORMAT.md, "Head statistics", has them.
struct ViewHeadStats {
  std::vector<std::uint64_t> steps{};
  std::vector<ViewHead> heads{};
  std::vector<std::string> columns{};
  std::vector<float> values{};  ///< (step, head, column); NaN where a number does not apply
  std::string evaluated{};      ///< on what: "256 held-out sequences"
  std::optional<ViewSimilarity> similarity{};
};

/// A key of the config whose value is not the default. Values are JSON texts.
struct ViewChange {
  std::string key{};
  std::string value = "null";
  std::string fallback = "null";
};

/// Texts of ids.
struct ViewWords {
  std::vector<std::string> vocab{};                        ///< of what the model reads
  std::optional<std::vector<std::string>> target_vocab{};  ///< of what it answers, where that is another list
  bool positions = false;                                  ///< it answers with positions of the input
};

struct ViewRun {
  std::string id{};  ///< short, unique in the page; empty: a letter is given
  std::string name{};
  ViewWords words{};
  std::string config = "{}";  ///< what trained, resolved: the text of a JSON object
  std::vector<std::string> overrides{};
  std::vector<ViewChange> changed{};
  std::vector<std::pair<std::string, std::string>>
      env{};                           ///< names and JSON texts of strings and numbers, in this order
  std::vector<std::uint64_t> steps{};  ///< of the snapshots, rising
  std::vector<ViewScalar> scalars{};
  std::vector<ViewProbe> probes{};
  std::vector<ViewBlock> blocks{};
  std::vector<ViewExact> exact{};
  std::vector<ViewExact> scores{};  ///< before mask and softmax
  std::optional<ViewPredictions> predictions{};
  std::optional<ViewHeadStats> head_stats{};
  std::vector<ViewInvalid> invalid{};
  std::vector<std::string> notes{};
};

}  // namespace headlight
