// `headlight resume`: a run that was cut anywhere ends with the bytes of one that was not.
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

TEST_CASE("A run that was killed between two checkpoints goes on from the newest") {
  const Workplace place;
  const std::string uncut = (place / "uncut").string();
  const std::vector<std::string> longer = {"trainer.steps=3000", "trainer.log_every=7"};
  REQUIRE(
      headlight::testing::run_headlight({"train", place.config(), "--run-dir", uncut, longer[0], longer[1]}).status ==
      0);
  {
    Process process({"train", place.config(), "--run-dir", place.run(), longer[0], longer[1], "-v"});
    process.wait_for("step-00000150");
    process.signal(SIGKILL);
    REQUIRE(process.finish().status == 128 + SIGKILL);
  }
  {
    Process process({"resume", place.run(), "-v"});
    process.wait_for("step-00000900");
    process.signal(SIGINT);
    const Finished stopped = process.finish();
    REQUIRE(stopped.status == 130);
    CHECK_THAT(stopped.err, Contains("to go on: headlight resume " + place.run()));
  }
  const Finished resumed = headlight::testing::run_headlight({"resume", place.run(), "--threads", "1"});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  CHECK_THAT(resumed.out, Catch::StartsWith(place.run() + "\n"));
  check_same_end(place.run(), uncut, "00003000");
  CHECK(json::parse(slurp(place.run() + "/run.json"))["status"] == "finished");
}

TEST_CASE("A run that has ended goes on to a later step as if it had been that long from the start") {
  const Workplace place;
  const std::string uncut = (place / "uncut").string();
  // The decay is 40 updates long in both; 15 is a step of an evaluation, 17 is none.
  REQUIRE(headlight::testing::run_headlight({"train", place.config(), "--run-dir", uncut, "steps=30",
                                             "schedule.type=cosine", "schedule.steps=40",
                                             "trainer.checkpoint.best=eval/loss"})
              .status == 0);
  for (const char* cut : {"15", "17", "16"}) {
    INFO(cut);
    const std::string run = (place / ("cut-" + std::string(cut))).string();
    REQUIRE(headlight::testing::run_headlight({"train", place.config(), "--run-dir", run, "steps=" + std::string(cut),
                                               "schedule.type=cosine", "schedule.steps=40",
                                               "trainer.checkpoint.best=eval/loss"})
                .status == 0);
    const Finished resumed = headlight::testing::run_headlight({"resume", run, "steps=30"});
    INFO(resumed.err);
    REQUIRE(resumed.status == 0);
    CHECK_THAT(resumed.err, Contains("`trainer.steps` from " + std::string(cut) + " to 30"));
    check_same_end(run, uncut, "00000030");
    CHECK(json::parse(slurp(run + "/config.json"))["trainer"]["steps"] == 30);
  }
}

TEST_CASE("A finished run stays as it is, and says how to go on") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const std::string before = slurp(place.run() + "/metrics.jsonl");
  const Finished resumed = headlight::testing::run_headlight({"resume", place.run()});
  CHECK(resumed.status == 0);
  CHECK_THAT(resumed.err,
             Contains("the run is finished: step 12 of 12; nothing was changed. To go on: headlight resume " +
                      place.run() + " trainer.steps=24\n"));
  CHECK(slurp(place.run() + "/metrics.jsonl") == before);
}

TEST_CASE("A run without a checkpoint begins anew in its directory") {
  const Workplace place;
  const std::string uncut = (place / "uncut").string();
  REQUIRE(headlight::testing::run_headlight({"train", place.config(), "--run-dir", uncut}).status == 0);
  REQUIRE(place.train().status == 0);
  std::filesystem::remove_all(place.run() + "/checkpoints");
  REQUIRE(headlight::testing::run_headlight({"resume", place.run()}).status == 0);
  check_same_end(place.run(), uncut, "00000012");
}

TEST_CASE("A run that was killed as it began, before all of its files were there, begins anew in its directory") {
  const Workplace place;
  const std::string uncut = (place / "uncut").string();
  REQUIRE(run_headlight({"train", place.config(), "--run-dir", uncut}).status == 0);
  // `train` writes config.json first, then these from right to left, and the others while it trains.
  for (const std::vector<const char*>& missing : std::vector<std::vector<const char*>>{
           {"run.json"}, {"run.json", "overrides.json"}, {"run.json", "overrides.json", "config.source.json"}}) {
    INFO(missing.back());
    REQUIRE(place.train({"--force"}).status == 0);
    for (const char* later : {"checkpoints", "metrics.jsonl", "train.log", "attention.png"}) {
      std::filesystem::remove_all(place.run() + "/" + later);
    }
    for (const char* file : missing) REQUIRE(std::filesystem::remove(place.run() + "/" + file));
    const Finished resumed = run_headlight({"resume", place.run()});
    INFO(resumed.err);
    REQUIRE(resumed.status == 0);
    check_same_end(place.run(), uncut, "00000012");
    CHECK(json::parse(lines_of(slurp(place.run() + "/metrics.jsonl")).front())["event"] == "start");
    CHECK(json::parse(slurp(place.run() + "/run.json"))["status"] == "finished");
  }
  std::filesystem::remove(place.run() + "/overrides.json");
  REQUIRE(run_headlight({"resume", place.run(), "steps=13"}).status == 0);
  CHECK(json::parse(slurp(place.run() + "/overrides.json"))["overrides"] == json({"steps=13"}));
}

TEST_CASE("A longer run that is killed as it takes up a finished one loses no row") {
  const Workplace place;
  const std::string uncut = (place / "uncut").string();
  REQUIRE(run_headlight({"train", place.config(), "--run-dir", uncut, "steps=2000"}).status == 0);
  REQUIRE(place.train().status == 0);
  {
    Process process({"resume", place.run(), "steps=2000", "trainer.checkpoint.keep=400", "-v"});
    process.wait_for("step-00000015");
    process.signal(SIGKILL);
    REQUIRE(process.finish().status == 128 + SIGKILL);
  }
  // As if the kill had come before the first checkpoint behind step 12, but behind the changes of config and log.
  for (const auto& entry : std::filesystem::directory_iterator(place.run() + "/checkpoints")) {
    if (entry.is_directory() && entry.path().filename() != "step-00000012") std::filesystem::remove_all(entry.path());
  }
  spill(place.run() + "/checkpoints/last.txt", "step-00000012\n");
  const Finished resumed = run_headlight({"resume", place.run()});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  check_same_end(place.run(), uncut, "00002000");
}

TEST_CASE("A kill before last.txt or before the last report costs nothing") {
  const Workplace place;
  const std::string uncut = (place / "uncut").string();
  REQUIRE(run_headlight({"train", place.config(), "--run-dir", uncut}).status == 0);
  REQUIRE(place.train().status == 0);
  std::filesystem::remove(place.run() + "/checkpoints/last.txt");
  json record = json::parse(slurp(place.run() + "/run.json"));
  const json started = record["started"];
  record["status"] = "running";
  record.erase("exit");
  spill(place.run() + "/run.json", record.dump());
  const Finished resumed = run_headlight({"resume", place.run()});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  check_same_end(place.run(), uncut, "00000012");
  record = json::parse(slurp(place.run() + "/run.json"));
  CHECK(record["status"] == "finished");
  CHECK(record["started"] == started);
  CHECK(record["resumed"].size() == 1);
}

TEST_CASE("What would make another run of it is refused by name, and nothing changes") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const std::string before = slurp(place.run() + "/config.json");
  const Finished refused =
      headlight::testing::run_headlight({"resume", place.run(), "steps=20", "model.d_ff=32", "seed=4"});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Contains("`seed` from 3 to 4, `model.d_ff` from 16 to 32") && Contains("headlight train"));
  CHECK(slurp(place.run() + "/config.json") == before);
  const Finished nowhere = headlight::testing::run_headlight({"resume", (place / "none").string()});
  CHECK(nowhere.status == 2);
  CHECK_THAT(nowhere.err, Contains("there is no such run directory"));
}

TEST_CASE("A run that began with the weights of a file goes on, and is looked at, without it") {
  const Workplace place;
  const std::string first = (place / "first").string();
  REQUIRE(run_headlight({"train", place.config(), "--run-dir", first}).status == 0);
  const std::string weights = (place / "weights.safetensors").string();
  std::filesystem::copy(first + "/checkpoints/step-00000012/model.safetensors", weights);
  const std::string load = "model.load.file=" + weights;
  const std::string uncut = (place / "uncut").string();
  REQUIRE(run_headlight({"train", place.config(), "--run-dir", uncut, load, "steps=20"}).status == 0);
  REQUIRE(place.train({load}).status == 0);
  // It does begin with them.
  CHECK(timeless_rows(place.run()).front()["loss"] != timeless_rows(first).front()["loss"]);
  std::filesystem::remove(weights);
  for (const char* command : {"eval", "show", "inspect"}) {
    INFO(command);
    CHECK(run_headlight({command, place.run()}).status == 0);
  }
  const Finished resumed = run_headlight({"resume", place.run(), "steps=20"});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  check_same_end(place.run(), uncut, "00000020");
  // Without a checkpoint it begins anew, and needs the file again.
  std::filesystem::remove_all(place.run() + "/checkpoints");
  const Finished anew = run_headlight({"resume", place.run()});
  CHECK(anew.status == 2);
  CHECK_THAT(anew.err, Contains(weights) && Contains("No such file"));
}
