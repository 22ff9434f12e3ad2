#include "apps/page/packing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace headlight {

bool ViewBlock::is_windowed() const {
  return std::any_of(windows.begin(), windows.end(), [](std::size_t window) { return window > 0; });
}

bool ViewBlock::sees(std::size_t layer, const ViewShape& shape, std::size_t query, std::size_t key) const {
  if (causal && key > query) return false;
  const std::size_t window = layer < windows.size() ? windows[layer] : 0;
  if (window == 0) return true;
  // Compared as sums: neither side can fall below 0.
  const std::size_t own = query + shape.keys;
  const std::size_t other = key + shape.queries;
  return other + window > own && (causal || own + window > other);
}

std::uint8_t code_of(float weight) {
  if (!std::isfinite(weight)) return 0;
  return static_cast<std::uint8_t>(std::clamp(std::floor(255.0F * weight + 0.5F), 0.0F, 255.0F));
}

std::size_t packed_row(const ViewBlock& block, const ViewShape& shape, std::size_t query) {
  return block.causal ? query + 1 : shape.keys;
}

std::size_t packed_cells(const ViewBlock& block, const ViewShape& shape) {
  if (!block.causal) return shape.queries * shape.keys;
  if (shape.queries != shape.keys) {
    raise<ShapeError>(block.name, "a causal map must be square",
                      fmt::format("{} queries, {} keys", shape.queries, shape.keys));
  }
  return shape.queries * (shape.queries + 1) / 2;
}

std::size_t snapshot_bytes(const ViewBlock& block, std::size_t probe) {
  return block.layers() * block.heads * packed_cells(block, block.shapes[probe]);
}

std::vector<std::uint8_t> delta_of(std::span<const std::uint8_t> codes, std::size_t snapshot) {
  std::vector<std::uint8_t> differences(codes.begin(), codes.end());
  for (std::size_t i = snapshot; i < codes.size(); ++i) {
    differences[i] = static_cast<std::uint8_t>(codes[i] - codes[i - snapshot]);
  }
  return differences;
}

HiddenCells hidden_cells(const ViewBlock& block) {
  HiddenCells hidden;
  hidden.by_layer =
      std::adjacent_find(block.windows.begin(), block.windows.end(), std::not_equal_to<>()) != block.windows.end();
  const std::size_t layers = hidden.by_layer ? block.layers() : 1;
  for (const ViewShape& shape : block.shapes) {
    for (std::size_t layer = 0; layer < layers; ++layer) {
      for (std::size_t q = 0; q < shape.queries; ++q) {
        for (std::size_t k = 0; k < shape.keys; ++k) hidden.bytes.push_back(block.sees(layer, shape, q, k) ? 0 : 1);
      }
    }
  }
  return hidden;
}

}  // namespace headlight
