#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "apps/page/view_run.h"

/// How weights become bytes: apps/viewer/FORMAT.md, "Attention".
namespace headlight {

/// floor(255 a + 1/2), held to 0 ... 255; 0 for what is no finite number. Off by at most 1/510 of a weight in 0 ... 1.
std::uint8_t code_of(float weight);

/// Keys that row q of a packed map has: q + 1 of a causal one, else all.
std::size_t packed_row(const ViewBlock& block, const ViewShape& shape, std::size_t query);

/// Cells of one packed map: a causal one has its lower triangle alone. Throws ShapeError where that is no square.
std::size_t packed_cells(const ViewBlock& block, const ViewShape& shape);

/// Bytes of one snapshot of a probe: layers x heads x packed_cells().
std::size_t snapshot_bytes(const ViewBlock& block, std::size_t probe);

/// The codes with every snapshot but the first replaced by its differences from the one before, modulo 256.
std::vector<std::uint8_t> delta_of(std::span<const std::uint8_t> codes, std::size_t snapshot);

/// One byte per cell, 1 = hidden by a window: the whole map of each probe, and where layers differ in their windows of
/// each probe and layer.
struct HiddenCells {
  bool by_layer = false;
  std::vector<std::uint8_t> bytes{};
};
HiddenCells hidden_cells(const ViewBlock& block);

}  // namespace headlight
