#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/recording/snapshot.h"
#include "apps/training/event_file.h"

namespace headlight {

/// Pictures of a snapshot for TensorBoard: of each layer the maps of all its heads on the first probe, called `probe`.
/// Tags are "attention/dec.self/layer0".
std::vector<EventImage> snapshot_images(const Snapshot& snapshot, const std::string& probe, std::uint64_t step);

}  // namespace headlight
