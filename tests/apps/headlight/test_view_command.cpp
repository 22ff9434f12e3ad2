// headlight view and headlight serve, on a run that was trained and given the files of recording.
#include <signal.h>

#include <filesystem>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"
#include "tests/apps/page/page_reading.h"
#include "tests/apps/page/run_files.h"

using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

namespace {

constexpr const char* kOneProbe =
    R"([{"label": "eval 0", "input": [0, 1, 2, 0], "begun": [], "target": [0, 2, 1, 0]}])";

/// Adds a snapshot of the one layer of tiny.json, an encoder with two heads.
void add_snapshot(const RunFiles& files, std::uint64_t step) {
  files.snapshot(step, {{.name = "enc.self.layer0", .shape = {1, 2, 4, 4}, .weights = ramp(32)}});
}

/// A run that records nothing.
void train_unwatched(const Workplace& place) {
  REQUIRE(place.train({"snapshots.schedule=none", "heads.examples=0", "output.view=false"}).status == 0);
  REQUIRE_FALSE(std::filesystem::exists(place.run() + "/view.html"));
}

}  // namespace

TEST_CASE("view writes one page of a run, also where nothing was recorded, and says where it is") {
  const Workplace place;
  train_unwatched(place);
  const Finished bare = run_headlight({"view", place.run()});
  REQUIRE(bare.status == 0);
  CHECK(bare.out == place.run() + "/view.html\n");
  json run = manifest_of(slurp(place.run() + "/view.html"))["runs"][0];
  CHECK(run["name"] == "tiny/run");
  CHECK(run["blocks"].empty());
  REQUIRE(run["notes"].size() == 1);
  CHECK_THAT(run["notes"][0].get<std::string>(), Contains("probes.random"));
  CHECK(run["env"]["seed"] == 3);
  CHECK(run["env"]["parameters"].get<int>() > 0);
  CHECK(run["config"]["resolved"]["task"]["symbols"] == 3);
  bool changed = false;
  for (const json& one : run["config"]["changed"])
    changed = changed || (one["key"] == "model.d_model" && one["value"] == 8);
  CHECK(changed);

  const RunFiles files = RunFiles::in(place.run());
  files.probes(kOneProbe);
  for (const std::uint64_t step : {0U, 5U, 10U}) add_snapshot(files, step);
  const std::string page = (place / "shown.html").string();
  const Finished written = run_headlight({"view", place.run(), "-o", page, "--exact-steps", "0,5"});
  CHECK(written.out == page + "\n");
  run = manifest_of(slurp(page))["runs"][0];
  CHECK(run["steps"] == json({0, 5, 10}));
  CHECK(run["exact"].size() == 3);
  CHECK(manifest_of(slurp(page))["vocab"] == json({"0", "1", "2"}));

  const Finished both = run_headlight({"view", place.run(), place.run(), "-o", page});
  CHECK(both.status == 0);
  CHECK(manifest_of(slurp(page))["runs"].size() == 2);
}

TEST_CASE("view refuses with a sentence what cannot be shown, and tells what it leaves out") {
  const Workplace place;
  train_unwatched(place);
  CHECK_THAT(run_headlight({"view", (place / "nowhere").string()}).err, Contains("nowhere"));
  CHECK(run_headlight({"view", (place / "nowhere").string()}).status == 2);
  const Finished large = run_headlight({"view", place.run(), "--max-size", "257MiB"});
  CHECK(large.status == 2);
  CHECK_THAT(large.err, Contains("256 MiB"));
  const Finished small = run_headlight({"view", place.run(), "--max-size", "100KiB"});
  CHECK(small.status == 2);
  CHECK_THAT(small.err, Contains("larger than allowed"));
  const Finished step = run_headlight({"view", place.run(), "--exact-steps", "7"});
  CHECK(step.status == 2);
  CHECK_THAT(step.err, Contains("there is no snapshot of step 7") && Contains("recorded no attention"));

  const RunFiles files = RunFiles::in(place.run());
  files.probes(kOneProbe);
  for (std::uint64_t step_at = 0; step_at < 12; ++step_at) add_snapshot(files, step_at);
  REQUIRE(run_headlight({"view", place.run(), "--exact-steps", "0,1,2,3,4,5,6,7,8"}).status == 0);
  const std::uintmax_t whole = std::filesystem::file_size(place.run() + "/view.html");
  const Finished reduced = run_headlight(
      {"view", place.run(), "--exact-steps", "0,1,2,3,4,5,6,7,8", "--max-size", std::to_string(whole - 100)});
  CHECK(reduced.status == 0);
  CHECK_THAT(reduced.err, Contains("exact weights are those of the last snapshot alone"));
  CHECK(std::filesystem::file_size(place.run() + "/view.html") < whole - 100);

  spill(place.run() + "/probes.json", "{");
  const Finished damaged = run_headlight({"view", place.run()});
  CHECK(damaged.status == 1);
  CHECK_THAT(damaged.err, Contains("probes.json"));
}

TEST_CASE("serve shows the newest run of a directory, ends at a signal with 0, and refuses what is no run") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  REQUIRE(run_headlight({"train", place.config(), "--run-dir", (place / "later").string(), "steps=4"}).status == 0);
  for (const int number : {SIGINT, SIGTERM}) {
    Process process({"serve", place.path().string(), "--port", "0"});
    process.wait_for("to end: Ctrl-C");
    process.signal(number);
    const Finished finished = process.finish();
    CHECK(finished.status == 0);
    CHECK_THAT(finished.out, Catch::StartsWith("http://127.0.0.1:"));
    CHECK_THAT(finished.err, Contains("the newest of 2 runs is shown: " + (place / "later").string()));
  }
  const Finished nothing = run_headlight({"serve", (place / "nowhere").string()});
  CHECK(nothing.status == 2);
  CHECK_THAT(nothing.err, Contains("there is no run in"));
  CHECK(run_headlight({"serve", place.run(), "--port", "70000"}).status == 2);
}
