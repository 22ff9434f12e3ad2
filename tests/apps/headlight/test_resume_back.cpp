// `headlight resume --checkpoint`: a run that goes back to an earlier step has one course, which is the new one.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// The names in checkpoints/, sorted.
Words checkpoints_of(const std::string& run) {
  Words names;
  for (const auto& entry : fs::directory_iterator(run + "/checkpoints")) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

json evaluated(const std::string& run, const std::string& checkpoint) {
  const Finished finished = run_headlight({"eval", run, "--checkpoint", checkpoint, "--json"});
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  return json::parse(finished.out);
}

void check_same_course(const std::string& run, const std::string& uncut, const std::string& step) {
  check_same_end(run, uncut, step);
  CHECK(checkpoints_of(run) == checkpoints_of(uncut));
  for (const char* file : {"/checkpoints/last.txt", "/checkpoints/best.txt"}) {
    INFO(file);
    CHECK(slurp(run + file) == slurp(uncut + file));
  }
}

}  // namespace

TEST_CASE("A run that goes back drops the checkpoints behind, and its best one is that of the new course") {
  const Workplace place;
  REQUIRE(place.train({"steps=40", "trainer.checkpoint.best=eval/loss", "trainer.checkpoint.keep=10"}).status == 0);
  const auto state = [&](const std::string& step) {
    return json::parse(slurp(place.run() + "/checkpoints/step-" + step + "/state.json"));
  };
  const std::uint64_t before = state("00000040")["best"]["step"];
  const std::uint64_t best = state("00000025")["best"]["step"];
  REQUIRE(before > 25);
  const json evaluation = evaluated(place.run(), std::to_string(best));
  REQUIRE(evaluated(place.run(), "best") != evaluation);
  // A rate of 1 undoes what has been learned.
  const Finished back = run_headlight({"resume", place.run(), "--checkpoint", "25", "optimizer.lr=1", "steps=30"});
  INFO(back.err);
  REQUIRE(back.status == 0);
  CHECK(checkpoints_of(place.run()) == Words{"best.txt", "last.txt", "step-00000005", "step-00000010", "step-00000015",
                                             "step-00000020", "step-00000025", "step-00000030"});
  REQUIRE(state("00000030")["best"]["step"] == best);
  CHECK(slurp(place.run() + "/checkpoints/best.txt") == fmt::format("step-{:08}\n", best));
  CHECK(evaluated(place.run(), "best") == evaluation);
  CHECK(slurp(place.run() + "/checkpoints/last.txt") == "step-00000030\n");
}

TEST_CASE("Where the best checkpoint of the step gone back to is not kept, none is called the best") {
  const Workplace place;
  REQUIRE(place.train({"steps=40", "trainer.checkpoint.best=eval/loss", "trainer.checkpoint.keep=10"}).status == 0);
  // As if step 20 were the best of those up to 25, and had been removed when a later one became the best.
  const std::string folder = place.run() + "/checkpoints/";
  fs::remove_all(folder + "step-00000020");
  json state = json::parse(slurp(folder + "step-00000025/state.json"));
  state["best"]["step"] = 20;
  state["best"]["value"] = 0;  // never to be beaten
  const std::string text = state.dump(2) + "\n";
  spill(folder + "step-00000025/state.json", text);
  json done = json::parse(slurp(folder + "step-00000025/DONE"));
  const std::string digest = run_headlight({"resume", place.run(), "--checkpoint", "25"}).err;
  // The message of the damage names the digest that the file has now.
  const std::size_t begin = digest.find("its digest is ") + 14;
  done["files"]["state.json"] = digest.substr(begin, digest.find(',', begin) - begin);
  spill(folder + "step-00000025/DONE", done.dump());
  const Finished back = run_headlight({"resume", place.run(), "--checkpoint", "25", "steps=30"});
  INFO(back.err);
  REQUIRE(back.status == 0);
  CHECK_FALSE(fs::exists(folder + "best.txt"));
  const Finished none = run_headlight({"eval", place.run(), "--checkpoint", "best"});
  CHECK(none.status == 2);
  CHECK_THAT(none.err, Contains("this run keeps no best checkpoint"));
}

TEST_CASE("A run that goes back and is killed anywhere on the way ends with the bytes of one that was not cut") {
  const Workplace place;
  const Words longer = {"trainer.steps=600", "trainer.checkpoint.every=50", "trainer.checkpoint.keep=20",
                        "trainer.eval_every=50", "trainer.checkpoint.best=eval/loss"};
  const std::string uncut = (place / "uncut").string();
  REQUIRE(place.train(longer).status == 0);
  fs::copy(place.run(), uncut, fs::copy_options::recursive);
  const auto go_on = [&] {
    const Finished resumed = run_headlight({"resume", place.run()});
    INFO(resumed.err);
    REQUIRE(resumed.status == 0);
    CHECK_THAT(resumed.err, !Contains("nothing was changed"));
    check_same_course(place.run(), uncut, "00000600");
  };
  const std::string folder = place.run() + "/checkpoints/";
  SECTION("behind the first checkpoint of the new course") {
    Process process({"resume", place.run(), "--checkpoint", "300", "-v"});
    process.wait_for("step-00000350");
    process.signal(SIGKILL);
    REQUIRE(process.finish().status == 128 + SIGKILL);
    go_on();
  }
  SECTION("behind last.txt") {
    spill(folder + "last.txt", "step-00000300\n");
    go_on();
  }
  SECTION("within the removal of what lies behind") {
    spill(folder + "last.txt", "step-00000300\n");
    fs::remove(folder + "best.txt");
    fs::remove_all(folder + "step-00000350");
    fs::remove(folder + "step-00000400/DONE");
    go_on();
  }
}

TEST_CASE("A run that cannot go back keeps the checkpoints behind") {
  const Workplace place;
  REQUIRE(place.train({"trainer.checkpoint.keep=10"}).status == 0);
  const Words before = checkpoints_of(place.run());
  fs::remove(place.run() + "/metrics.jsonl");
  fs::create_directory(place.run() + "/metrics.jsonl");  // a log that cannot be cut
  CHECK(run_headlight({"resume", place.run(), "--checkpoint", "5"}).status == 1);
  CHECK(checkpoints_of(place.run()) == before);
  fs::remove(place.run() + "/metrics.jsonl");
  CHECK(run_headlight({"resume", place.run(), "--checkpoint", "10"}).status == 0);
  CHECK(slurp(place.run() + "/checkpoints/last.txt") == "step-00000012\n");
}
