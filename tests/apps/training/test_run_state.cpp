// How a run stands, from its record and its log. Expected seconds are differences of the times in them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/training/run_directory.h"
#include "apps/training/run_state.h"
#include "tests/core/io/io_testing.h"

namespace headlight {
namespace {

using nlohmann::json;
using testing::spill;
using testing::TemporaryDirectory;

}  // namespace

TEST_CASE("A run that calls itself running is cut off unless a process holds its lock") {
  const TemporaryDirectory place;
  CHECK(recorded_status(place.path()).empty());
  CHECK(run_status(place.path()) == "cut off");
  spill(place / "run.json", R"({"format": 1, "status": "stopped"})");
  CHECK(run_status(place.path()) == "stopped");
  spill(place / "run.json", R"({"format": 1, "status": "running"})");
  CHECK(run_status(place.path()) == "cut off");
  const RunDirectory lock = RunDirectory::reopen(place.path());
  CHECK(run_status(place.path()) == "running");
}

TEST_CASE("Wall time is the sum over the sessions of a run, without the time between them") {
  const TemporaryDirectory place;
  const auto seconds = [&](const json& record, bool running = false) {
    return wall_seconds(place.path(), record, running);
  };
  CHECK_FALSE(seconds({{"status", "running"}}));
  CHECK(seconds({{"started", 100}, {"ended", 2000}, {"wall_seconds", 26.5}}) == 26.5);
  CHECK(seconds({{"started", 100}}) == 0.0);  // killed before its first row
  spill(place / "metrics.jsonl",
        R"({"event": "start", "time": 100.25}
{"step": 1, "time": 101, "split": "train", "loss": 1}
{"step": 2, "time": 104, "split": "train", "loss": 1}
{"event": "resume", "time": 1000.5}
{"step": 3, "time": 1002, "split": "train", "loss": 1}
{"step": 4, "time": 10)");
  CHECK(seconds({{"started", 1000}}) == 2.0);
  CHECK(seconds({{"started", 100}, {"earlier_seconds", 10}, {"resumed", {{{"started", 1000}}}}}) == 12.0);
  // Records without sums: 4 s up to row 2, 2 s up to row 3, 5 s up to the end.
  const json resumed = {{{"started", 1000}}, {{"started", 2000}}};
  CHECK(seconds({{"started", 100}, {"resumed", resumed}, {"ended", 2005}}) == 11.0);
  CHECK(seconds({{"started", 100}, {"resumed", resumed}}) == 6.0);
  // One that writes counts up to now.
  const double before = unix_time() - 5;
  const json writing = {{"started", 100}, {"earlier_seconds", 10}, {"resumed", {{{"started", before}}}}};
  CHECK(seconds(writing, true).value() >= 15);
  CHECK(seconds(writing, true).value() <= 10 + unix_time() - before);
}

}  // namespace headlight
