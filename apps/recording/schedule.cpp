#include "apps/recording/schedule.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace headlight {
namespace {

/// The places of the schedule that are kept, of n.
std::vector<std::uint64_t> kept_places(std::uint64_t n, std::size_t most) {
  std::vector<std::uint64_t> places;
  const std::uint64_t kept = std::min<std::uint64_t>(n, most);
  for (std::uint64_t i = 0; i < kept; ++i) {
    const double share = kept == 1 ? 0 : static_cast<double>(i) / static_cast<double>(kept - 1);
    places.push_back(n == kept ? i : static_cast<std::uint64_t>(std::llround(share * static_cast<double>(n - 1))));
  }
  return places;
}

std::vector<std::uint64_t> log_steps(std::size_t per_octave, std::uint64_t total) {
  std::vector<std::uint64_t> steps{0};
  for (std::size_t k = 0;; ++k) {
    const double power = std::exp2(static_cast<double>(k) / static_cast<double>(per_octave));
    const auto step = static_cast<std::uint64_t>(std::llround(power));
    if (step >= total) break;
    if (step > steps.back()) steps.push_back(step);
  }
  steps.push_back(total);
  return steps;
}

}  // namespace

std::vector<std::uint64_t> snapshot_steps(const config::SnapshotsConfig& snapshots, std::uint64_t total) {
  std::vector<std::uint64_t> steps;
  switch (snapshots.schedule) {
    case config::SnapshotSchedule::kNone:
      break;
    case config::SnapshotSchedule::kLog: {
      const std::vector<std::uint64_t> all = log_steps(snapshots.per_octave, total);
      for (const std::uint64_t place : kept_places(all.size(), snapshots.max)) steps.push_back(all[place]);
      break;
    }
    case config::SnapshotSchedule::kLinear: {
      // Counted and not listed: there may be as many as updates.
      const std::uint64_t below = (total - 1) / snapshots.every + 1;
      for (const std::uint64_t place : kept_places(below + 1, snapshots.max)) {
        steps.push_back(place == below ? total : place * snapshots.every);
      }
      break;
    }
  }
  return steps;
}

}  // namespace headlight
