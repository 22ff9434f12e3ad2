// `headlight resume`: a run that was cut anywhere ends with the bytes of one that was not.
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

namespace {

void check_same_end(const std::string& run, const std::string& uncut, const std::string& step) {
  for (const char* file : {"model.safetensors", "optimizer.safetensors", "state.json", "DONE"}) {
    INFO(file);
    const std::string name = "/checkpoints/step-" + step + "/" + file;
    CHECK(slurp(run + name) == slurp(uncut + name));
  }
  CHECK(timeless_rows(run) == timeless_rows(uncut));
}

}  // namespace

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
  CHECK_THAT(resumed.err, Contains("the run is finished: step 12 of 12") && Contains("trainer.steps=N"));
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

TEST_CASE("Another goal counts from the resume on, and another best figure is not held against the old one") {
  const Workplace place;
  REQUIRE(place
              .train({"trainer.stop_when.metric=eval/loss", "trainer.stop_when.at_most=100",
                      "trainer.checkpoint.best=eval/loss"})
              .status == 0);
  const auto state = [&](const char* step) {
    return json::parse(slurp(place.run() + "/checkpoints/step-" + step + "/state.json"));
  };
  REQUIRE(state("00000005")["ended"] == true);
  const Finished same = run_headlight({"resume", place.run()});
  CHECK(same.status == 0);
  CHECK_THAT(same.err, Contains("eval/loss at most 100") && Contains("trainer.stop_when"));
  const Finished resumed =
      run_headlight({"resume", place.run(), "trainer.stop_when.at_most=0", "trainer.checkpoint.best=eval/tok_acc"});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  CHECK(state("00000012")["reached"] == 0);
  CHECK(state("00000012")["best"]["metric"] == "eval/tok_acc");
  CHECK(state("00000012")["best"]["value"] <= 1);
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

TEST_CASE("A run ends early when its figure is good enough, and the best checkpoint is kept and named") {
  const Workplace place;
  const Finished finished =
      place.train({"steps=2000", "trainer.stop_when.metric=eval/loss", "trainer.stop_when.at_most=0.9",
                   "trainer.stop_when.times=2", "trainer.checkpoint.best=eval/loss", "trainer.checkpoint.keep=1"});
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  CHECK_THAT(finished.err, Contains("ended early: eval/loss at most 0.9, 2 times in a row at step"));
  const std::vector<json> rows = timeless_rows(place.run());
  REQUIRE(rows.back()["step"] < 2000);
  // The two evaluations before the end were good enough (the last row is of the whole split), the one before was not.
  std::vector<double> losses;
  double least = 1e9;
  std::uint64_t best_step = 0;
  for (const json& row : rows) {
    if (row["split"] != "eval" || row["step"] == 0) continue;
    losses.push_back(row["loss"]);
    if (row != rows.back() && losses.back() < least) least = losses.back(), best_step = row["step"];
  }
  REQUIRE(losses.size() >= 3);
  CHECK(losses[losses.size() - 2] <= 0.9);
  CHECK(losses[losses.size() - 3] > 0.9);
  const std::string best = slurp(place.run() + "/checkpoints/best.txt");
  const json state =
      json::parse(slurp(place.run() + "/checkpoints/" + best.substr(0, best.size() - 1) + "/state.json"));
  CHECK(state["best"]["step"] == state["step"]);
  CHECK(state["best"]["value"] <= least);
  CHECK(state["best"]["step"] >= best_step);
  CHECK(headlight::testing::run_headlight({"eval", place.run(), "--checkpoint", "best"}).status == 0);
  CHECK_THAT(headlight::testing::run_headlight({"resume", place.run()}).err, Contains("the run is finished"));
}
