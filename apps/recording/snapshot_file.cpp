#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <span>

#include "apps/recording/snapshot.h"
#include "core/io/safetensors.h"
#include "core/io/small_floats.h"

namespace headlight {
namespace {

/// The maps of all probes as one tensor (probe, head, query, key), each at the beginning of its place and 0 behind.
struct PaddedMaps {
  StoredShape shape;
  std::vector<float> values;
};

PaddedMaps padded(const std::vector<AttentionWeights>& probes) {
  std::size_t queries = 0;
  std::size_t keys = 0;
  for (const AttentionWeights& map : probes) {
    queries = std::max(queries, map.queries);
    keys = std::max(keys, map.keys);
  }
  const std::size_t heads = probes.front().heads;
  PaddedMaps maps{.shape = {probes.size(), heads, queries, keys}, .values = {}};
  maps.values.assign(probes.size() * heads * queries * keys, 0.0F);
  for (std::size_t p = 0; p < probes.size(); ++p) {
    for (std::size_t head = 0; head < heads; ++head) {
      for (std::size_t query = 0; query < probes[p].queries; ++query) {
        const std::size_t place = ((p * heads + head) * queries + query) * keys;
        std::copy_n(probes[p].row(0, head, query), probes[p].keys,
                    maps.values.begin() + static_cast<std::ptrdiff_t>(place));
      }
    }
  }
  return maps;
}

/// Tensors that are about to be written, with the memory that their views point to.
class Tensors {
 public:
  void add_floats(const std::string& name, const StoredShape& shape, std::vector<float> values) {
    const std::vector<float>& kept = floats_.emplace_back(std::move(values));
    views_.push_back({.name = name, .dtype = DType::kF32, .shape = shape, .bytes = std::as_bytes(std::span(kept))});
  }
  void add_halves(const std::string& name, const StoredShape& shape, const std::vector<float>& values) {
    std::vector<std::uint16_t>& kept = halves_.emplace_back(values.size());
    std::transform(values.begin(), values.end(), kept.begin(), float_to_half);
    views_.push_back({.name = name, .dtype = DType::kF16, .shape = shape, .bytes = std::as_bytes(std::span(kept))});
  }
  void add_maps(const std::string& name, const std::vector<AttentionWeights>& probes, config::SnapshotType type) {
    PaddedMaps maps = padded(probes);
    if (type == config::SnapshotType::kFloat16) {
      add_halves(name, maps.shape, maps.values);
    } else {
      add_floats(name, maps.shape, std::move(maps.values));
    }
  }
  void add_ids(const std::string& name, const StoredShape& shape, const std::vector<std::int32_t>& ids) {
    views_.push_back({.name = name, .dtype = DType::kI32, .shape = shape, .bytes = std::as_bytes(std::span(ids))});
  }
  const std::vector<TensorView>& views() const { return views_; }

 private:
  std::deque<std::vector<float>> floats_{};
  std::deque<std::vector<std::uint16_t>> halves_{};
  std::vector<TensorView> views_{};
};

}  // namespace

void write_snapshot(const std::filesystem::path& file, const Snapshot& snapshot, std::uint64_t step,
                    config::SnapshotType type) {
  Tensors tensors;
  Metadata metadata{{"headlight.format", "1"}, {"step", std::to_string(step)}, {"axes", "probe,head,query,key"}};
  for (const LayerSnapshot& layer : snapshot.layers) {
    const std::string name = fmt::format("{}.layer{}", layer.block, layer.layer);
    tensors.add_maps(name, layer.weights, type);
    if (!layer.scores.empty()) tensors.add_maps(name + ".scores", layer.scores, config::SnapshotType::kFloat32);
    metadata[name + ".path"] = layer.path;
    metadata[name + ".mask"] = layer.mask.causal ? "causal" : "full";
    if (layer.mask.window != 0) metadata[name + ".window"] = std::to_string(layer.mask.window);
  }
  const ProbePredictions& predictions = snapshot.predictions;
  if (predictions.most_rows > 0) {
    const std::uint64_t probes = predictions.target_prob.size() / predictions.most_rows;
    const StoredShape rows{probes, predictions.most_rows};
    const StoredShape top{probes, predictions.most_rows, predictions.top};
    tensors.add_ids("predictions.ids", top, predictions.ids);
    tensors.add_floats("predictions.prob", top, predictions.prob);
    tensors.add_floats("predictions.target_prob", rows, predictions.target_prob);
    metadata["rows"] = predictions.rows;
    if (predictions.positions) metadata["predictions.symbols"] = "positions";
  }
  write_safetensors(file, tensors.views(), {.metadata = std::move(metadata)});
}

}  // namespace headlight
