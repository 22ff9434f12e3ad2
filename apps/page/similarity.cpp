#include "apps/page/similarity.h"

#include <algorithm>

#include "apps/inspect/similarity.h"
#include "apps/page/packing.h"

namespace headlight {
namespace {

const ViewExact* last_exact(const ViewRun& run, std::size_t block, std::size_t probe) {
  const auto found = std::find_if(run.exact.begin(), run.exact.end(), [&](const ViewExact& exact) {
    return exact.block == block && exact.probe == probe && exact.step == run.steps.back();
  });
  return found == run.exact.end() ? nullptr : &*found;
}

/// The maps of a layer on all probes as a batch, hidden cells 0, each probe at the beginning of its place. Of a probe
/// whose exact weights are not there no query is real.
AttentionWeights layer_maps(const ViewRun& run, std::size_t place, std::size_t layer) {
  const ViewBlock& block = run.blocks.at(place);
  AttentionWeights maps{.path = block.layer_names[layer], .batch = block.shapes.size(), .heads = block.heads};
  for (const ViewShape& shape : block.shapes) {
    maps.queries = std::max(maps.queries, shape.queries);
    maps.keys = std::max(maps.keys, shape.keys);
  }
  maps.weights.assign(maps.batch * maps.heads * maps.queries * maps.keys, 0.0F);
  for (std::size_t probe = 0; probe < maps.batch; ++probe) {
    const ViewShape& shape = block.shapes[probe];
    const ViewExact* const exact = last_exact(run, place, probe);
    maps.real_queries.push_back(exact == nullptr ? 0 : shape.queries);
    if (exact == nullptr) continue;
    const float* values = exact->values.data() + layer * block.heads * packed_cells(block, shape);
    for (std::size_t head = 0; head < maps.heads; ++head) {
      for (std::size_t q = 0; q < shape.queries; ++q) {
        float* const row = maps.weights.data() + ((probe * maps.heads + head) * maps.queries + q) * maps.keys;
        const std::size_t end = packed_row(block, shape, q);
        for (std::size_t k = 0; k < end; ++k, ++values) {
          if (block.sees(layer, shape, q, k)) row[k] = *values;
        }
      }
    }
  }
  return maps;
}

}  // namespace

std::optional<ViewSimilarity> similarity_of(const ViewRun& run, const ViewHeadStats& stats) {
  if (run.steps.empty() || run.probes.empty()) return std::nullopt;
  std::vector<AttentionWeights> layers;
  for (const ViewHead& head : stats.heads) {
    if (head.head == 0) layers.push_back(layer_maps(run, head.block, head.layer));
  }
  return ViewSimilarity{.steps = {run.steps.back()}, .values = head_similarity(layers)};
}

}  // namespace headlight
