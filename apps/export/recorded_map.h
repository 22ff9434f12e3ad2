#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "apps/inspect/attention_map.h"
#include "apps/page/view_run.h"

namespace headlight {

/// Which head, on which probe.
struct MapPlace {
  std::string block{};    ///< enc.self, dec.self or dec.cross
  std::size_t layer = 0;  ///< its number among the layers of that kind, from 0 in the order in which they run
  std::size_t head = 0;
  std::size_t probe = 0;
};

/// The weights of a head at a snapshot, with its names and tokens. In full precision where the run was read with the
/// step among its exact ones (or it is the last one), else in 255 steps.
/// Throws ConfigError, with what there is, where the run has no such block, layer, head, probe or snapshot.
AttentionMap recorded_map(const ViewRun& run, const MapPlace& place, std::uint64_t step);

}  // namespace headlight
