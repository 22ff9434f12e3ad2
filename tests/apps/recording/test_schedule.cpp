// Steps of snapshots, against the formula worked out by hand.
#include <vector>

#include <catch2/catch.hpp>

#include "apps/recording/schedule.h"

using namespace headlight;
using config::SnapshotSchedule;
using config::SnapshotsConfig;

namespace {

using Steps = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("Snapshots grow rarer with the logarithm of the step, and the last step is one") {
  const SnapshotsConfig log{.schedule = SnapshotSchedule::kLog, .per_octave = 1, .max = 64};
  CHECK(snapshot_steps(log, 100) == Steps{0, 1, 2, 4, 8, 16, 32, 64, 100});
  CHECK(snapshot_steps(log, 64) == Steps{0, 1, 2, 4, 8, 16, 32, 64});
  CHECK(snapshot_steps(log, 1) == Steps{0, 1});
  // 2^(k/2), rounded: 1 1.41 2 2.83 4 5.66 8 11.3 16
  const SnapshotsConfig twice{.schedule = SnapshotSchedule::kLog, .per_octave = 2, .max = 64};
  CHECK(snapshot_steps(twice, 17) == Steps{0, 1, 2, 3, 4, 6, 8, 11, 16, 17});
}

TEST_CASE("A linear schedule has the multiples of its distance") {
  const SnapshotsConfig linear{.schedule = SnapshotSchedule::kLinear, .every = 30, .max = 64};
  CHECK(snapshot_steps(linear, 100) == Steps{0, 30, 60, 90, 100});
  CHECK(snapshot_steps(linear, 90) == Steps{0, 30, 60, 90});
  CHECK(snapshot_steps(linear, 7) == Steps{0, 7});
}

TEST_CASE("A schedule of too many steps is thinned evenly, and keeps both ends") {
  // Of the 101 places 0 ... 100 those at i 100 / 4.
  const SnapshotsConfig linear{.schedule = SnapshotSchedule::kLinear, .every = 1, .max = 5};
  CHECK(snapshot_steps(linear, 100) == Steps{0, 25, 50, 75, 100});
  // Of the 9 places of 0 1 2 4 8 16 32 64 100 those at round(i 8 / 3): 0, 3, 5, 8.
  const SnapshotsConfig log{.schedule = SnapshotSchedule::kLog, .per_octave = 1, .max = 4};
  CHECK(snapshot_steps(log, 100) == Steps{0, 4, 16, 100});
  // As many updates as a run may have are not listed one by one.
  const SnapshotsConfig endless{.schedule = SnapshotSchedule::kLinear, .every = 1, .max = 2};
  CHECK(snapshot_steps(endless, 9'000'000'000'000) == Steps{0, 9'000'000'000'000});
  CHECK(snapshot_steps({.schedule = SnapshotSchedule::kNone, .max = 64}, 100).empty());
}
