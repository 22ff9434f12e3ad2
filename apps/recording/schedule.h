#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "apps/config/inspection_config.h"

namespace headlight {

/// The steps of a run of `total` updates at which snapshots are taken, rising, the first and the last one among them:
///
///     log     0, and round(2^(k / per_octave)), k = 0, 1, ..., below total
///     linear  the multiples of `every` below total
///     none    no step at all
///
/// A schedule of more than `max` steps is thinned: of n it keeps those at the places round(i (n - 1) / (max - 1)).
std::vector<std::uint64_t> snapshot_steps(const config::SnapshotsConfig& snapshots, std::uint64_t total);

}  // namespace headlight
