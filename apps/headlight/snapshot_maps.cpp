#include "apps/headlight/snapshot_maps.h"

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
  std::map<std::string, std::size_t> layers;  // of the blocks of one kind so far: layers of other sizes are apart
  for (const ViewBlock& block : run.blocks) {
    for (std::size_t i = 0; i < block.layers(); ++i) {
      const LayerPlace layer{.block = block.kind, .layer = layers[block.kind]++};
      for (std::size_t head = 0; head < block.heads; ++head) heads.push_back({.layer = layer, .head = head});
    }
  }
  if (heads.empty()) {
    raise<ConfigError>(run.name, "the run has recorded no attention", {},
                       "train with `snapshots.schedule` \"log\" and probes");
  }
  return heads;
}

MapPlace map_place(const PlacedHead& head, std::size_t probe) {
  return {.block = head.layer.block, .layer = head.layer.layer, .head = head.head, .probe = probe};
}

}  // namespace headlight
