#include "apps/recording/snapshot_images.h"

#include <fmt/format.h>

#include "apps/inspect/picture.h"
#include "apps/inspect/png.h"

namespace headlight {
namespace {

AttentionGrid grid_of(const LayerSnapshot& layer, const std::string& probe, std::uint64_t step) {
  const AttentionWeights& weights = layer.weights.front();
  AttentionGrid grid{.title = fmt::format("Attention of {}, layer {}", layer.block, layer.layer),
                     .subtitle = fmt::format("step {}, probe {}", step, probe),
                     .row_names = {fmt::format("layer {}", layer.layer)},
                     .col_names = {},
                     .maps = {}};
  for (std::size_t head = 0; head < weights.heads; ++head) {
    grid.col_names.push_back(fmt::format("head {}", head));
    AttentionMap map;
    map.title = grid.col_names.back();
    map.rows = weights.queries;
    map.cols = weights.keys;
    map.weights = head_map(weights, head, 0);
    map.hidden = hidden_cells(layer.mask, map.rows, map.cols);
    grid.maps.push_back(std::move(map));
  }
  return grid;
}

}  // namespace

std::vector<EventImage> snapshot_images(const Snapshot& snapshot, const std::string& probe, std::uint64_t step) {
  std::vector<EventImage> images;
  for (const LayerSnapshot& layer : snapshot.layers) {
    const AttentionGrid grid = grid_of(layer, probe, step);
    const Canvas canvas = draw_grid(grid, {});
    images.push_back({.tag = fmt::format("attention/{}/layer{}", layer.block, layer.layer),
                      .png = encode_png(canvas, {{"Title", grid.title}, {"Description", grid.subtitle}}),
                      .width = static_cast<std::uint64_t>(canvas.width()),
                      .height = static_cast<std::uint64_t>(canvas.height())});
  }
  return images;
}

}  // namespace headlight
