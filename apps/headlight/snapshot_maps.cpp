#include "apps/headlight/snapshot_maps.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "apps/headlight/view_sources.h"
#include "apps/page/page.h"
#include "core/error.h"

namespace headlight {

ViewRun read_snapshots(const std::filesystem::path& run, std::vector<std::uint64_t> exact) {
  RunReader reader = open_run_reader(run, std::move(exact), kCodesPerByte * kLargestPage);
  reader.update();
  return reader.take();
}

std::vector<PlacedHead> recorded_heads(const ViewRun& run) {
  std::vector<PlacedHead> heads;
  std::map<std::string, std::size_t> kinds;  // in the order in which they come
  for (const ViewBlock& block : run.blocks) {
    kinds.emplace(block.kind, kinds.size());
    for (const std::size_t number : block.layer_numbers) {
      const LayerPlace layer{.block = block.kind, .layer = number};
      for (std::size_t head = 0; head < block.heads; ++head) heads.push_back({.layer = layer, .head = head});
    }
  }
  // Layers of other numbers of heads are in blocks of their own, wherever they run.
  std::stable_sort(heads.begin(), heads.end(), [&kinds](const PlacedHead& a, const PlacedHead& b) {
    return std::pair(kinds.at(a.layer.block), a.layer.layer) < std::pair(kinds.at(b.layer.block), b.layer.layer);
  });
  if (heads.empty() || run.steps.empty()) {
    raise<ConfigError>(run.name, "the run has recorded no attention", {},
                       "train with `snapshots.schedule` \"log\" and probes");
  }
  return heads;
}

MapPlace map_place(const PlacedHead& head, std::size_t probe) {
  return {.block = head.layer.block, .layer = head.layer.layer, .head = head.head, .probe = probe};
}

}  // namespace headlight
