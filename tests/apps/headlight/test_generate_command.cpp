// `headlight generate`: what a trained model says, for each architecture.
#include <cstdlib>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

TEST_CASE("A model that has learned to reverse says an input backwards, whatever its architecture") {
  for (const char* arch : {"encoder", "decoder", "encoder-decoder"}) {
    INFO(arch);
    const Workplace place;
    place.set_model(std::string(R"({"d_model": 8, "heads": 2, "d_ff": 16, "arch": ")") + arch + "\"}");
    const Finished finished = place.train({"steps=400"});
    INFO(finished.err);
    REQUIRE(finished.status == 0);
    const Finished said = run_headlight({"generate", place.run(), "--input", "0 1 2 2", "--json"});
    INFO(said.err);
    REQUIRE(said.status == 0);
    const json answer = json::parse(said.out);
    CHECK(answer["input"] == "0 1 2 2");
    CHECK(answer["output"] == "2 2 1 0");
    REQUIRE(answer["tokens"].size() == 4);
    for (const json& token : answer["tokens"]) {
      CHECK(token["probability"] > 0.5);
      CHECK(token["probability"] <= 1);
    }
    CHECK(run_headlight({"generate", place.run(), "--input", "0 1 2 2"}).out == "2 2 1 0\n");
  }
}

TEST_CASE("Lines from stdin are answered one by one, and what is no token is refused") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const std::string out = (place / "out").string();
  const std::string command =
      "printf '0 1 2 2\\n1 1\\n' | " HEADLIGHT_PROGRAM " generate " + place.run() + " --input - > " + out;
  REQUIRE(std::system(command.c_str()) == 0);
  const std::vector<std::string> lines = lines_of(slurp(out));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].size() == 7);
  CHECK(lines[1].size() == 3);
  CHECK(lines[0] + "\n" == run_headlight({"generate", place.run(), "--input", "0 1 2 2"}).out);

  const Finished strange = run_headlight({"generate", place.run(), "--input", "0 x"});
  CHECK(strange.status == 2);
  CHECK_THAT(strange.err, Contains("is no token of this task") && Contains("its 3 tokens are 0 to 2"));
  CHECK(run_headlight({"generate", place.run(), "--input", "0 0 0 0 0"}).status == 2);
  CHECK(run_headlight({"generate", place.run(), "--input", ""}).status == 2);
  CHECK(run_headlight({"generate", place.run(), "--input", "0", "--temperature", "-1"}).status <= 2);
}
