// `trainer.stop_when`: how a run ends early, and how it goes on from there.
#include <iterator>
#include <sstream>
#include <tuple>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

namespace {

/// Runs the command behind "To go on: " in what a run that is over says.
Finished follow_hint(const std::string& err) {
  const std::string mark = "To go on: headlight ";
  const std::size_t begin = err.find(mark);
  REQUIRE(begin != std::string::npos);
  std::istringstream words(err.substr(begin + mark.size()));
  return run_headlight({std::istream_iterator<std::string>(words), {}});
}

}  // namespace

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

TEST_CASE("A run that has reached its goal goes on without it, by the command that it prints") {
  const Workplace place;
  // The evaluation at step 5 reaches it: in the middle of 12 updates, and at the end of 5.
  for (const auto& [steps, longer, more] : {std::tuple{"12", "12", ""}, std::tuple{"5", "10", " trainer.steps=10"}}) {
    INFO(steps);
    const std::string uncut = (place / ("uncut-" + std::string(longer))).string();
    REQUIRE(run_headlight({"train", place.config(), "--run-dir", uncut, "steps=" + std::string(longer)}).status == 0);
    REQUIRE(place
                .train({"--force", "steps=" + std::string(steps), "trainer.stop_when.metric=eval/tok_acc",
                        "trainer.stop_when.at_least=0"})
                .status == 0);
    const Finished over = run_headlight({"resume", place.run()});
    CHECK(over.status == 0);
    CHECK_THAT(over.err,
               Contains("To go on: headlight resume " + place.run() + " trainer.stop_when=null" + more + "\n"));
    const Finished resumed = follow_hint(over.err);
    INFO(resumed.err);
    REQUIRE(resumed.status == 0);
    CHECK_THAT(resumed.err, Contains("changed: `trainer.stop_when.metric` from \"eval/tok_acc\" to nothing"));
    CHECK_FALSE(json::parse(slurp(place.run() + "/config.json"))["trainer"].contains("stop_when"));
    check_same_end(place.run(), uncut, "000000" + std::string(longer));
  }
}

TEST_CASE("A goal that was reached may get the other limit") {
  const Workplace place;
  REQUIRE(place.train({"trainer.stop_when.metric=eval/tok_acc", "trainer.stop_when.at_least=0"}).status == 0);
  const Finished resumed = run_headlight({"resume", place.run(), "trainer.stop_when.metric=eval/loss",
                                          "trainer.stop_when.at_least=null", "trainer.stop_when.at_most=0"});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  CHECK(json::parse(slurp(place.run() + "/config.json"))["trainer"]["stop_when"] ==
        json({{"metric", "eval/loss"}, {"at_most", 0.0}, {"times", 1}}));
  CHECK(timeless_rows(place.run()).back()["step"] == 12);
}

TEST_CASE("What a run that is over does not keep is not told as changed, and the command to go on has it too") {
  const Workplace place;
  REQUIRE(place.train({"trainer.epochs=1", "trainer.stop_when={\"metric\": \"eval/loss\", \"at_most\": 100}"}).status ==
          0);
  const std::string before = slurp(place.run() + "/config.json");
  // 40 examples in batches of 8 are the 5 updates that are done.
  for (const auto& [given, shown] :
       {std::pair{"trainer.steps=40", "trainer.steps=40 trainer.stop_when=null"},
        std::pair{"trainer.stop_when=null", "trainer.stop_when=null trainer.epochs=2"},
        std::pair{R"(trainer.stop_when={"at_most": 99})", R"('trainer.stop_when={"at_most": 99}' trainer.epochs=2)"}}) {
    const Finished over = run_headlight({"resume", place.run(), given});
    INFO(over.err);
    CHECK(over.status == 0);
    CHECK_THAT(over.err, !Contains("changed: `") && Contains("; nothing was changed. To go on: headlight resume " +
                                                             place.run() + " " + shown + "\n"));
    CHECK(slurp(place.run() + "/config.json") == before);
  }
  const Finished resumed = follow_hint(run_headlight({"resume", place.run(), "trainer.steps=40"}).err);
  CHECK(resumed.status == 0);
  CHECK_THAT(resumed.err, Contains("changed: `trainer.steps` from nothing to 40"));
  CHECK(timeless_rows(place.run()).back()["step"] == 40);
}

TEST_CASE("A run whose schedule has ended is not sent on with a rate of 0, and none is cut shorter than it is") {
  const Workplace place;
  REQUIRE(place.train({"schedule.type=cosine"}).status == 0);
  const Finished over = run_headlight({"resume", place.run()});
  CHECK(over.status == 0);
  const std::string command = "train " + place.run() + "/config.json trainer.steps=24 schedule.steps=null";
  CHECK_THAT(over.err, Contains("a rate of 0. For a longer run: headlight " + command + "\n"));
  // That run learns behind the end of this one: at update 16 of 24 its cosine has come to 0.01 (1 + cos(2 pi / 3)) / 2.
  const std::string longer = (place / "longer").string();
  REQUIRE(run_headlight(
              {"train", place.run() + "/config.json", "trainer.steps=24", "schedule.steps=null", "--run-dir", longer})
              .status == 0);
  double rate = 0;
  for (const json& row : timeless_rows(longer)) {
    if (row["step"] == 16 && row.contains("lr")) rate = row["lr"];
  }
  CHECK(rate == Approx(0.0025).epsilon(0.3));  // a row may count its update from 0: 0.0031
  const Finished shorter = run_headlight({"resume", place.run(), "trainer.steps=3"});
  CHECK(shorter.status == 2);
  CHECK_THAT(shorter.err, Contains("it stands at step 12 of 3; give it a larger trainer.steps"));
}
