// Models in both forms and of every architecture at the command line.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;

TEST_CASE("config print --expanded prints a config that trains to the same bytes") {
  const Workplace place;
  const Finished printed = headlight::testing::run_headlight({"config", "print", "--expanded", place.config()});
  REQUIRE(printed.status == 0);
  CHECK_THAT(printed.out, Contains("\"blocks\"") && Contains("\"multi_head_attention\""));
  spill(place / "expanded.json", printed.out);
  REQUIRE(place.train().status == 0);
  const std::string other = (place / "other").string();
  const Finished trained =
      headlight::testing::run_headlight({"train", (place / "expanded.json").string(), "--run-dir", other});
  INFO(trained.err);
  REQUIRE(trained.status == 0);
  const auto weights = [](const std::string& run) {
    const std::string file = slurp(run + "/checkpoints/step-00000012/model.safetensors");
    // Behind the header, which holds the config: its length stands in the first eight bytes, little-endian.
    std::size_t header = 8;
    for (std::size_t i = 0; i < 8; ++i)
      header += static_cast<std::size_t>(static_cast<unsigned char>(file[i])) << (8 * i);
    return file.substr(header);
  };
  CHECK(weights(place.run()) == weights(other));
  CHECK(!weights(other).empty());
}

TEST_CASE("every architecture trains, is evaluated and shown") {
  for (const char* keys : {"\"arch\": \"decoder\", \"layers\": 1",
                           "\"arch\": \"encoder-decoder\", \"encoder_layers\": 1, \"decoder_layers\": 1"}) {
    INFO(keys);
    const Workplace place;
    std::string text(kTinyConfig);
    text.replace(text.find("\"layers\": 1"), 11, keys);
    spill(place / "tiny.json", text);
    const Finished finished = place.train();
    INFO(finished.err);
    CHECK(finished.status == 0);
    CHECK_THAT(finished.out, Contains("dec.self"));
    CHECK(headlight::testing::run_headlight({"eval", place.run()}).status == 0);
    CHECK(headlight::testing::run_headlight({"show", place.run(), "--input", "0 1 2"}).status == 0);
  }
}

TEST_CASE("a layer that does not fit is shown at its line before anything is written") {
  const Workplace place;
  spill(place / "bad.json", R"({"task": {"type": "reverse"}, "trainer": {"steps": 3},
"model": {"d_model": 8, "blocks": [
  {"type": "dense", "in": 8, "out": 12},
  {"type": "feed_forward", "d_model": 6, "d_ff": 8, "dropot": 0.1}]}})");
  for (const std::string command : {"check", "print"}) {
    const Finished finished = headlight::testing::run_headlight({"config", command, (place / "bad.json").string()});
    CHECK(finished.status == (command == "check" ? 2 : 0));
    if (command == "print") continue;
    CHECK_THAT(finished.err, Contains("error: unknown key `dropot` in a layer of type feed_forward") &&
                                 Contains("bad.json:4:53") && Contains("a key with a similar name exists: `dropout`"));
  }
  const Finished mended =
      headlight::testing::run_headlight({"config", "check", (place / "bad.json").string(),
                                         "model.blocks.1={\"type\": \"dense\", \"in\": 6, \"out\": 8}"});
  CHECK(mended.status == 2);
  CHECK_THAT(mended.err, Contains("`model.blocks.1` (dense) takes width 6, but `model.blocks.0` (dense) gives 12") &&
                             Contains("<command line>"));
  const Finished trained =
      headlight::testing::run_headlight({"train", (place / "bad.json").string(), "--run-dir", place.run()});
  CHECK(trained.status == 2);
  CHECK_FALSE(std::filesystem::exists(place.run()));
}

TEST_CASE("a model without attention trains to its end and has no map to show") {
  const Workplace place;
  spill(place / "plain.json", R"({"task": {"type": "reverse", "symbols": 3, "length": 4}, "trainer": {"steps": 2},
    "model": {"d_model": 8, "blocks": [{"type": "feed_forward", "d_model": 8, "d_ff": 16}]}})");
  const Finished trained =
      headlight::testing::run_headlight({"train", (place / "plain.json").string(), "--run-dir", place.run()});
  INFO(trained.err);
  CHECK(trained.status == 0);
  CHECK_THAT(trained.out, Contains("tok_acc") && !Contains("picture"));
  const Finished shown = headlight::testing::run_headlight({"show", place.run()});
  CHECK(shown.status == 2);
  CHECK_THAT(shown.err, Contains("the model of this run has no attention to show"));
}

TEST_CASE("eval measures with the loss of the config: what the last row of the log says") {
  const std::string loss = GENERATE("cross_entropy", "mse");
  INFO(loss);
  const Workplace place;
  REQUIRE(place.train({"loss.type=" + loss}).status == 0);
  const Finished measured = headlight::testing::run_headlight({"eval", place.run(), "--json"});
  REQUIRE(measured.status == 0);
  const auto last = nlohmann::json::parse(lines_of(slurp(place / "run/metrics.jsonl")).back());
  CHECK(last.at("split") == "eval");
  CHECK(nlohmann::json::parse(measured.out).at("loss") == last.at("loss"));
}

TEST_CASE("weights to start from that are missing, or of another model, are shown at their line before a run begins") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const std::string run = (place / "other").string();
  const auto refused = [&](const std::string& command, const std::string& file, const std::string& more) {
    spill(place / "load.json", R"({"task": {"type": "reverse", "symbols": 3, "length": 4}, "trainer": {"steps": 2},
"model": {"d_model": 8, "heads": 2, "layers": 1, "d_ff": )" +
                                   more + R"(, "load": {"file": ")" + file + R"("}}})");
    std::vector<std::string> words = {command, (place / "load.json").string()};
    if (command == "config") words.insert(words.begin() + 1, "check");
    if (command == "train") words.insert(words.end(), {"--run-dir", run});
    const Finished finished = run_headlight(words);
    CHECK(finished.status == 2);
    CHECK_FALSE(std::filesystem::exists(run));
    CHECK_THAT(finished.err,
               Contains("load.json:2:") && Contains("help: give a safetensors file with weights of this"));
    return finished.err;
  };
  const std::string weights = place.run() + "/checkpoints/step-00000012/model.safetensors";
  for (const char* command : {"config", "train"}) {
    INFO(command);
    CHECK_THAT(refused(command, "none.safetensors", "16"),
               Contains((place / "none.safetensors").string()) && Contains("No such file"));
    CHECK_THAT(refused(command, weights, "12"), Contains(weights) && Contains("do not fit the model"));
  }
  CHECK(run_headlight({"config", "check", place.config(), "model.load.file=" + weights}).status == 0);
}
