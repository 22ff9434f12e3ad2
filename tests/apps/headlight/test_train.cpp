#include <signal.h>

#include <cstdlib>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
namespace fs = std::filesystem;
using Catch::Contains;
using Catch::StartsWith;
using nlohmann::json;

namespace {

json read_json(const fs::path& path) { return json::parse(slurp(path)); }

}  // namespace

TEST_CASE("A run writes its directory, and says where it is, what it reached and what its heads read") {
  const Workplace place;
  const Finished finished = place.train({"optimizer.lr=0.02"});
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  CHECK_THAT(finished.out, StartsWith(place.run() + "\n") && Contains("eval                20") &&
                               Contains("antidiag_argmax") && Contains("run tiny/run, step 12, probe 0") &&
                               Contains("picture: " + place.run() + "/attention.png"));
  CHECK_THAT(finished.err, StartsWith("task         reverse") && Contains("step  4/12  train  loss"));

  for (const char* file : {"LOCK", "attention.png", "checkpoints/last.txt", "config.json", "config.source.json",
                           "metrics.jsonl", "overrides.json", "run.json", "train.log"}) {
    CHECK(fs::exists(place.run() + "/" + file));
  }
  CHECK(slurp(place.run() + "/config.source.json") == kTinyConfig);
  CHECK(read_json(place.run() + "/config.json")["optimizer"]["lr"] == 0.02);
  CHECK(read_json(place.run() + "/overrides.json")["overrides"] == json({"optimizer.lr=0.02"}));
  const json record = read_json(place.run() + "/run.json");
  CHECK(record["status"] == "finished");
  CHECK(record["exit"]["code"] == 0);
  CHECK(record["step"] == 12);
  CHECK_THAT(slurp(place.run() + "/attention.png"), StartsWith("\x89PNG"));

  const std::vector<std::string> lines = lines_of(slurp(place.run() + "/metrics.jsonl"));
  CHECK_THAT(lines.front(), StartsWith(R"({"event":"start","schema":"headlight.metrics/1")"));
  CHECK(timeless_rows(place.run()).size() == 7);
  CHECK_THAT(lines[1], StartsWith(R"({"step":0,"time":)"));
}

TEST_CASE("Runs again, and with 1, 2 and 3 threads, give the same files") {
  const Workplace place;
  REQUIRE(place.train({"--threads", "1"}).status == 0);
  for (const char* threads : {"1", "2", "3"}) {
    const std::string other = (place / ("run" + std::string(threads))).string();
    REQUIRE(
        headlight::testing::run_headlight({"train", place.config(), "--run-dir", other, "--threads", threads}).status ==
        0);
    for (const char* file : {"model.safetensors", "optimizer.safetensors", "state.json", "DONE"}) {
      const std::string name = std::string("/checkpoints/step-00000012/") + file;
      CHECK(slurp(other + name) == slurp(place.run() + name));
    }
    CHECK(timeless_rows(other) == timeless_rows(place.run()));
  }
}

TEST_CASE("Without --run-dir the run lies below output.root, and is found by its name there") {
  const Workplace place;
  const std::string root = (place / "all runs").string();
  const Finished finished = headlight::testing::run_headlight({"train", place.config(), "output.root=" + root, "-q"});
  REQUIRE(finished.status == 0);
  CHECK(finished.err.empty());
  CHECK_THAT(lines_of(finished.out).front(), StartsWith(root + "/tiny/2"));
  CHECK(headlight::testing::run_headlight({"eval", root + "/tiny"}).status == 0);
}

TEST_CASE("A directory with a run in it is kept unless forced") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const std::string before = slurp(place.run() + "/run.json");
  const Finished refused = place.train();
  CHECK(refused.status == 2);
  CHECK(refused.out.empty());
  CHECK_THAT(refused.err, Contains("the run directory is not empty") && Contains("--force"));
  CHECK(slurp(place.run() + "/run.json") == before);
  CHECK(place.train({"--force", "steps=3"}).status == 0);
  CHECK_FALSE(fs::exists(place.run() + "/checkpoints/step-00000012"));
  // The config may come from the very run that is replaced.
  const std::string resolved = slurp(place.run() + "/config.json");
  CHECK(headlight::testing::run_headlight({"train", place.run() + "/config.json", "--run-dir", place.run(), "--force"})
            .status == 0);
  CHECK(slurp(place.run() + "/config.json") == resolved);
  CHECK(slurp(place.run() + "/config.source.json") == resolved);
}

TEST_CASE("Several configs are laid over one another, and all are kept") {
  const Workplace place;
  spill(place / "more.json", R"({"trainer": {"steps": 3}})");
  const Finished finished = headlight::testing::run_headlight(
      {"train", place.config(), (place / "more.json").string(), "--run-dir", place.run(), "seed=9"});
  REQUIRE(finished.status == 0);
  CHECK(read_json(place.run() + "/config.json")["trainer"]["steps"] == 3);
  CHECK(read_json(place.run() + "/config.json")["seed"] == 9);
  const json sources = read_json(place.run() + "/config.source.json")["sources"];
  CHECK(sources[0]["text"] == kTinyConfig);
  CHECK(sources[1]["name"] == "more.json");
}

TEST_CASE("A broken checkpoint directory fails the run with 1, and run.json says so") {
  const Workplace place;
  // A file stands where the directory must be; a run does not remove what is not its own.
  fs::create_directory(place.run());
  const Finished finished = [&] {
    Process process({"train", place.config(), "--run-dir", place.run(), "steps=2000000", "trainer.log_every=1",
                     "trainer.checkpoint.every=2000000"});
    process.wait_for("train  loss");
    spill(place.run() + "/checkpoints", "");
    process.signal(SIGINT);
    return process.finish();
  }();
  CHECK(finished.status == 1);
  CHECK_THAT(finished.err, Contains("error: ") && Contains("/checkpoints"));
  const json record = read_json(place.run() + "/run.json");
  CHECK(record["status"] == "failed");
  CHECK(record["exit"]["code"] == 1);
}

TEST_CASE("eval prints one JSON object and nothing else") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const Finished finished = headlight::testing::run_headlight({"eval", place.run(), "--json"});
  CHECK(finished.status == 0);
  CHECK(finished.err.empty());
  const auto result = nlohmann::ordered_json::parse(finished.out);
  std::vector<std::string> keys;
  for (const auto& [key, value] : result.items()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"split", "examples", "loss", "tok_acc", "seq_acc", "by_length", "parameters",
                                         "heads"});
  CHECK(result["examples"] == 20);
  CHECK(result["by_length"]["4"]["loss"] == result["loss"]);
  // The last row of the log is the same evaluation.
  CHECK(timeless_rows(place.run()).back()["loss"].get<double>() == result["loss"].get<double>());
  const json train =
      json::parse(headlight::testing::run_headlight({"eval", "--json", place.run(), "--split", "train"}).out);
  CHECK(train["examples"] == 40);
  const json earlier =
      json::parse(headlight::testing::run_headlight({"eval", "--json", place.run(), "--checkpoint", "10"}).out);
  CHECK(earlier["loss"].get<double>() != result["loss"].get<double>());
  CHECK_THAT(headlight::testing::run_headlight({"eval", place.run()}).out, Contains("seq_acc"));
}

TEST_CASE("eval and show say what is wrong with a run") {
  const Workplace place;
  CHECK(headlight::testing::run_headlight({"eval", place.run()}).status == 2);
  REQUIRE(place.train().status == 0);
  const Finished gone = headlight::testing::run_headlight({"eval", place.run(), "--checkpoint", "3"});
  CHECK(gone.status == 1);
  CHECK_THAT(gone.err, Contains("there is no complete checkpoint of step 3; complete checkpoints of this run: 10, 12"));
  CHECK(headlight::testing::run_headlight({"eval", place.run(), "--checkpoint", "x"}).status == 2);
  const std::string model = place.run() + "/checkpoints/step-00000012/model.safetensors";
  std::string bytes = slurp(model);
  bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 1);
  spill(model, bytes);
  const Finished damaged = headlight::testing::run_headlight({"show", place.run()});
  CHECK(damaged.status == 1);
  CHECK(damaged.out.empty());
  CHECK_THAT(damaged.err, StartsWith("error: " + model + ": the file is damaged") && Contains("--checkpoint: 10"));
  CHECK(headlight::testing::run_headlight({"show", place.run(), "--checkpoint", "10"}).status == 0);
  CHECK(headlight::testing::run_headlight({"resume", place.run()}).status == 1);
  CHECK(headlight::testing::run_headlight({"resume", place.run(), "--checkpoint", "10"}).status == 0);
  CHECK(headlight::testing::run_headlight({"show", place.run()}).status == 0);
}

TEST_CASE("show draws every head, or one, on a probe, a given input or the average") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const auto show = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"show", place.run()});
    return headlight::testing::run_headlight(more);
  };
  const Finished all = show({});
  CHECK(all.status == 0);
  CHECK(all.err.empty());
  CHECK_THAT(all.out, Contains("layer 0, head 0") && Contains("layer 0, head 1") && Contains("antidiag_mass(1)"));
  CHECK_THAT(all.out, !Contains("\x1b"));
  const Finished one = show({"--head", "1", "--probe", "3"});
  CHECK_THAT(one.out, !Contains("head 0\n") && Contains("probe 3 (eval "));
  CHECK_THAT(show({"--example", "3", "--block", "enc.self", "--layer", "0"}).out, Contains("held-out example 3"));
  // Step 12 is recorded and saved: both have the same weights.
  const std::string saved = show({"--probe", "2", "--values"}).out;
  const std::string recorded = show({"--step", "12", "--probe", "2", "--values"}).out;
  REQUIRE_THAT(recorded, Contains("step 12, probe 2 (eval "));
  CHECK(saved.rfind(recorded, 0) == 0);
  CHECK(show({"--input", "2 0 1", "--values"}).status == 0);
  CHECK_THAT(show({"--scale", "sqrt"}).out, Contains("1  square root"));
  CHECK_THAT(show({"--step", "12", "--scale", "row_max"}).out, !Contains("1  linear"));
  CHECK_THAT(show({"--scale", "cubic"}).err, Contains("`cubic`") || Contains("'cubic'"));
  CHECK_THAT(show({"--average"}).out, Contains("mean of 20 held-out sequences"));
  CHECK_THAT(show({"--color", "always"}).out, Contains("\x1b["));
  const std::vector<std::string> plain = {"show", place.run()};
  CHECK_THAT(headlight::testing::run_headlight(plain, {"CLICOLOR_FORCE=1"}).out, Contains("\x1b["));
  CHECK_THAT(headlight::testing::run_headlight(plain, {"CLICOLOR_FORCE=1", "NO_COLOR=1"}).out, !Contains("\x1b["));
  CHECK_THAT(show({"--input", "2 7"}).err, Contains("--input: `7` is no token of this task; its 3 tokens are 0, 1, 2"));
  CHECK_THAT(show({"--input", "0 0 0 0 0"}).err, Contains("--input: it holds 5 tokens; give from 1 to 4"));
  CHECK_THAT(show({"--layer", "1"}).err, Contains("--layer: there is no layer 1; there is enc.self 0"));
  CHECK_THAT(show({"--head", "2"}).err, Contains("--head: there is no head 2; there are 0, 1"));
  CHECK_THAT(show({"--block", "dec.cross"}).err,
             Contains("--block: there is no attention `dec.cross`; there is enc.self"));
  CHECK_THAT(show({"--probe", "4"}).err, Contains("--probe: there is no probe 4; the run has 4; probes count from 0"));
  CHECK_THAT(show({"--step", "13"}).err, Contains("there is no snapshot of step 13"));
  CHECK(show({"--example", "20"}).status == 2);
}

TEST_CASE("A run that diverges ends with 3 and says where, or goes on without the update") {
  const Workplace place;
  // Plain steps of this length take float weights beyond their range within a few updates.
  spill(place / "wild.json", R"({"seed": 3, "optimizer": {"type": "sgd", "lr": 1000}, "schedule": {"factor": 1e6},
                                 "task": {"type": "reverse", "symbols": 3, "length": 4, "eval": {"examples": 20}},
                                 "model": {"d_model": 8, "heads": 2, "layers": 1}, "trainer": {"steps": 40}})");
  const std::vector<std::string> train = {"train", (place / "wild.json").string(), "--run-dir", place.run()};
  const Finished stopped = headlight::testing::run_headlight(train);
  CHECK(stopped.status == 3);
  CHECK(stopped.out == place.run() + "\n");
  const json record = read_json(place.run() + "/run.json");
  CHECK(record["status"] == "diverged");
  CHECK(record["exit"]["code"] == 3);
  const json last = timeless_rows(place.run()).back();
  CHECK_THAT(stopped.err,
             Contains("error: the run has diverged: ") && Contains("step " + std::to_string(last["step"].get<int>())));
  CHECK_FALSE(last["nonfinite"].empty());
  CHECK_FALSE(fs::exists(place.run() + "/checkpoints"));

  std::vector<std::string> skip = train;
  skip.insert(skip.end(), {"--force", "trainer.non_finite=skip"});
  const Finished skipped = headlight::testing::run_headlight(skip);
  INFO(skipped.err);
  CHECK(skipped.status == 0);
  CHECK_THAT(skipped.err, Contains("update left out: "));
  CHECK(timeless_rows(place.run()).back()["step"] == 40);
}

TEST_CASE("A reader of stdout that has gone does not end a run") {
  const Workplace place;
  const std::string command = "{ '" HEADLIGHT_PROGRAM "' train '" + place.config() + "' -q --run-dir '" + place.run() +
                              "'; echo $? > '" + (place / "status").string() + "'; } | true";
  REQUIRE(std::system(command.c_str()) == 0);
  CHECK(slurp(place / "status") == "0\n");
  CHECK(read_json(place.run() + "/run.json")["status"] == "finished");
}

TEST_CASE("A signal ends a run behind the step, after saving") {
  const Workplace place;
  const std::vector<std::pair<int, int>> signals = {{SIGINT, 130}, {SIGTERM, 143}, {SIGHUP, 129}};
  for (const auto& [signal, status] : signals) {
    const std::string run = (place / std::to_string(signal)).string();
    Process process({"train", place.config(), "--run-dir", run, "steps=1000000", "trainer.log_every=100",
                     "trainer.checkpoint.every=1000000", "trainer.eval_every=1000000"});
    process.wait_for("train  loss");
    process.signal(signal);
    const Finished finished = process.finish();
    CHECK(finished.status == status);
    CHECK_THAT(finished.err, Contains("the checkpoint is saved"));
    CHECK(finished.out == run + "\npage: " + run + "/view.html\n");
    const json record = read_json(run + "/run.json");
    CHECK(record["status"] == "stopped");
    CHECK(record["exit"]["code"] == status);
    const std::string last = slurp(run + "/checkpoints/last.txt");
    CHECK(read_json(run + "/checkpoints/" + last.substr(0, last.size() - 1) + "/state.json")["step"] == record["step"]);
    CHECK(headlight::testing::run_headlight({"eval", run}).status == 0);
  }
}

TEST_CASE("The log formats: plain lines, rows as JSON, a redrawn line") {
  const Workplace place;
  const Finished json_log = place.train({"--log-format", "json"});
  REQUIRE(json_log.status == 0);
  std::size_t rows = 0;
  for (const std::string& line : lines_of(json_log.err)) rows += json::parse(line).contains("loss") ? 1U : 0U;
  CHECK(rows == 7);
  CHECK_THAT(place.train({"--force", "--log-format", "bar"}).err, Contains("\r[") && Contains("100 %  12/12"));
  CHECK_THAT(place.train({"--force", "-v"}).err, Contains("saved " + place.run() + "/checkpoints/step-00000005"));
  CHECK(place.train({"--force", "--quiet"}).err.empty());
  CHECK_FALSE(fs::exists(place.run() + "/checkpoints/step-00000005"));
}

TEST_CASE("Without logging.jsonl there is no such file") {
  const Workplace place;
  REQUIRE(place.train({"logging.jsonl=false"}).status == 0);
  CHECK_FALSE(fs::exists(place.run() + "/metrics.jsonl"));
}
