// `headlight eval` by length: what is held out, and what is said of inputs that cannot be.
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

namespace {

/// A config of an encoder on this task, trained for two steps.
std::string eval_config(const Workplace& place, const std::string& task) {
  const std::string path = (place / "task.json").string();
  spill(path, R"({"name": "tiny", "task": )" + task +
                  R"(, "model": {"arch": "encoder", "d_model": 8, "heads": 2, "layers": 1, "d_ff": 16, "max_len": 40},
                  "trainer": {"batch_size": 4, "steps": 2}})");
  return path;
}

}  // namespace

TEST_CASE("A config that evaluates a length of which nothing is held out is refused before it trains") {
  const Workplace place;
  // None of the six strings of one symbol is held out (tests/apps/tasks/test_rasp.cpp).
  const std::string path =
      eval_config(place, R"({"type": "rasp", "train_examples": 50, "eval": {"examples": 20, "lengths": [2, 1, 4]}})");
  const std::vector<std::vector<std::string>> commands = {{"config", "check", path},
                                                          {"train", path, "--run-dir", place.run()}};
  for (const std::vector<std::string>& command : commands) {
    const Finished refused = run_headlight(command);
    CHECK(refused.status == 2);
    CHECK_THAT(refused.err, Contains("no held-out input of length 1") && Contains("task.eval.lengths"));
  }
  CHECK_FALSE(std::filesystem::exists(place.run()));
  REQUIRE(run_headlight({"train", path, "--run-dir", place.run(), "task.eval.lengths=[4]"}).status == 0);
  const Finished one = run_headlight({"eval", place.run(), "--length", "1"});
  CHECK(one.status == 2);
  CHECK_THAT(one.err, Contains("no held-out input of length 1"));
  const Finished four = run_headlight({"eval", place.run(), "--length", "4"});
  CHECK(four.status == 0);
  CHECK(four.out.find('*') == std::string::npos);
}

TEST_CASE("An evaluation of lengths of which there are too few inputs to hold some out says so") {
  const Workplace place;
  // Formal holds strings from 20 symbols on out.
  const std::string path = eval_config(place, R"({"type": "formal", "length": {"min": 19, "max": 20},
                                                  "eval": {"examples": 40}})");
  const Finished trained = run_headlight({"train", path, "--run-dir", place.run()});
  INFO(trained.err);
  REQUIRE(trained.status == 0);
  const Finished said = run_headlight({"eval", place.run(), "--json"});
  REQUIRE(said.status == 0);
  const json scores = json::parse(said.out);
  const json& shorter = scores["by_length"]["19"];
  const json& longer = scores["by_length"]["20"];
  CHECK(shorter["not_held_out"] == shorter["examples"]);
  CHECK(scores["not_held_out"] == shorter["examples"]);
  CHECK_FALSE(longer.contains("not_held_out"));
  CHECK(shorter["examples"].get<int>() + longer["examples"].get<int>() == 40);

  const std::string table = run_headlight({"eval", place.run()}).out;
  CHECK_THAT(trained.out, Contains(table));
  const std::string mark = "  * " + shorter["examples"].dump();
  const std::vector<std::string> lines = lines_of(table);
  REQUIRE(lines.size() == 5);
  CHECK_THAT(lines[1], Catch::StartsWith("eval") && Catch::EndsWith(mark));
  CHECK_THAT(lines[2], Catch::StartsWith("  length 19") && Catch::EndsWith(mark));
  CHECK_THAT(lines[3], Catch::StartsWith("  length 20") && Catch::EndsWith("%"));
  CHECK(lines[4] == "* so many of the examples are not held out: there are too few inputs of their lengths");
  CHECK(run_headlight({"eval", place.run(), "--length", "20"}).out.find('*') == std::string::npos);
}
