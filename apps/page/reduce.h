#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "apps/page/view_run.h"

/// What a page leaves out when it would become too large. Each keeps the parts of a run consistent.
namespace headlight {

/// Removes exact weights and scores of other steps than the last. Returns whether there were any.
bool drop_exact_steps(ViewRun& run);

/// Keeps `count` snapshots at most: the first, the last, those in `kept`, and of the others those that leave the steps
/// evenly spread on a logarithmic axis. Returns whether there were more.
bool thin_snapshots(ViewRun& run, std::size_t count, std::span<const std::uint64_t> kept = {});

/// Keeps the first `count` probes. Returns whether there were more.
bool keep_probes(ViewRun& run, std::size_t count);

/// Keeps the first `count` layers of every block: their numbers stay right. Returns whether there were more.
bool keep_layers(ViewRun& run, std::size_t count);

}  // namespace headlight
