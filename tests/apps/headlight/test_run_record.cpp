// run.json: what a run was made with, and how long it took.
#include <cstdlib>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/processors.h"
#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using nlohmann::json;

namespace {

json record_of(const std::string& run) { return json::parse(slurp(run + "/run.json")); }

/// Runs a command of the shell in a directory, without settings of the user.
void shell(const std::filesystem::path& directory, const std::string& command) {
  const std::string whole = "cd '" + directory.string() + "' && export HOME=. GIT_CONFIG_NOSYSTEM=1 && " + command;
  INFO(whole);
  REQUIRE(std::system(whole.c_str()) == 0);
}

/// The `git` of the environment of a run that is begun in a directory; null without one.
json git_of_run_in(const std::filesystem::path& directory, const Workplace& place,
                   const std::vector<std::string>& environment = {}) {
  Process process("/usr/bin/env",
                  {"-C", directory.string(), HEADLIGHT_PROGRAM, "train", place.config(), "--run-dir", place.run(),
                   "--force"},
                  environment);
  const Finished finished = process.finish();
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  return record_of(place.run())["environment"].value("git", json());
}

}  // namespace

TEST_CASE("The wall time of a run that was resumed is that of its sessions") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  json record = record_of(place.run());
  CHECK(record["wall_seconds"].get<double>() > 0);
  CHECK(record["wall_seconds"] <= record["ended"].get<double>() - record["started"].get<double>() + 0.01);
  CHECK(record["environment"]["device"] == headlight::processor_name());
  // As if it had trained for 26 s, half an hour ago.
  record["started"] = record["started"].get<double>() - 1900;
  record["wall_seconds"] = 26;
  spill(place.run() + "/run.json", record.dump());
  const auto check_sum = [&](double earlier) {
    record = record_of(place.run());
    CHECK(record["earlier_seconds"].get<double>() == Approx(earlier).margin(1e-6));
    const double session = record["wall_seconds"].get<double>() - earlier;
    CHECK(session > 0);
    CHECK(session <= record["ended"].get<double>() - record["resumed"].back()["started"].get<double>() + 0.01);
  };
  REQUIRE(run_headlight({"resume", place.run(), "steps=20"}).status == 0);
  check_sum(26);

  // As if the session that went on with it had been killed 3 s after its start, as the last row was written.
  const double last = json::parse(lines_of(slurp(place.run() + "/metrics.jsonl")).back())["time"];
  for (const char* key : {"wall_seconds", "ended", "exit"}) record.erase(key);
  record["status"] = "running";
  record["resumed"].back()["started"] = last - 3;
  spill(place.run() + "/run.json", record.dump());
  REQUIRE(run_headlight({"resume", place.run(), "steps=30"}).status == 0);
  check_sum(26 + 3);
}

TEST_CASE("A run that is begun in a work tree records its commit, and whether it was changed") {
  if (std::system("git --version > /dev/null 2>&1") != 0) {
    WARN("git is not installed: nothing to compare with");
    return;
  }
  const Workplace place;
  const std::filesystem::path tree = place / "a tree";
  std::filesystem::create_directories(tree / "below");
  shell(tree, "git init -q .");
  CHECK(git_of_run_in(tree, place).is_null());  // there is no commit yet
  spill(tree / "file", "one");
  shell(tree,
        "git add file && git -c user.name=a -c user.email=a@b.c commit -q -m one && git rev-parse HEAD > ../commit");
  const std::string commit = slurp(place / "commit").substr(0, 40);
  CHECK(git_of_run_in(tree, place) == json({{"commit", commit}, {"dirty", false}}));
  spill(tree / "unknown to git", "");
  CHECK(git_of_run_in(tree / "below", place)["dirty"] == false);
  spill(tree / "file", "two, longer");
  CHECK(git_of_run_in(tree / "below", place) == json({{"commit", commit}, {"dirty", true}}));
  // Neither a machine without git nor a place outside of a work tree is a fault.
  CHECK(git_of_run_in(tree, place, {"PATH=/nowhere"}).is_null());
  CHECK(git_of_run_in(place.path(), place).is_null());
}
