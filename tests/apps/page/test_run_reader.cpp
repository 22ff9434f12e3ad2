// Run directories as recording writes them, read into what a page shows. Expected values are those of the files.
#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/page/packing.h"
#include "apps/page/page.h"
#include "apps/page/run_reader.h"
#include "apps/page/similarity.h"
#include "apps/training/run_directory.h"
#include "core/error.h"
#include "tests/apps/page/page_reading.h"
#include "tests/apps/page/run_files.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Contains;

namespace {

const std::string kMetrics =
    R"({"event":"start","schema":"headlight.metrics/1","parameters":123})"
    "\n"
    R"({"step":0,"time":1.0,"split":"eval","loss":2.5,"tok_acc":0.25})"
    "\n"
    R"({"step":1,"time":2.0,"split":"train","loss":null,"lr":0.5,"grad_norm":1.5,"tok_s":9.0,"nonfinite":{"loss":"nan"}})"
    "\n";

RunReader reader_of(const RunFiles& files, RunReaderOptions options = {}) {
  options.name = "small/run";
  return {files.path(), std::move(options)};
}

const ViewScalar& scalar(const ViewRun& run, const std::string& split, const std::string& name) {
  for (const ViewScalar& one : run.scalars) {
    if (one.split == split && one.name == name) return one;
  }
  FAIL("there is no curve " << split << " " << name);
  return run.scalars.front();
}

}  // namespace

TEST_CASE("A run without a record of attention has curves and config, and says which keys would record it") {
  const TemporaryDirectory directory;
  const RunFiles files(directory / "run", "encoder");
  std::filesystem::remove(files.path() / "attention");
  files.append("metrics.jsonl", kMetrics);
  RunReader reader = reader_of(files);
  CHECK(reader.update());
  const ViewRun& run = reader.run();
  CHECK(run.name == "small/run");
  CHECK(scalar(run, "eval", "tok_acc").values == std::vector<double>{0.25});
  CHECK(std::isnan(scalar(run, "train", "loss").values.at(0)));
  CHECK(scalar(run, "train", "grad_norm").steps == std::vector<double>{1});
  REQUIRE(run.notes.size() == 1);
  CHECK_THAT(run.notes[0], Contains("probes.random") && Contains("snapshots.schedule"));
  CHECK(run.overrides == std::vector<std::string>{"model.d_model=8"});
  CHECK_THAT(run.config, Contains(R"("d_model":8)"));
  bool found = false;
  for (const ViewChange& change : run.changed) {
    CHECK(change.value != change.fallback);
    if (change.key == "seed") found = change.value == "5" && change.fallback == "1";
  }
  CHECK(found);
  const std::vector<std::pair<std::string, std::string>> env = {
      {"status", "\"finished\""}, {"version", "\"0.1.0\""}, {"compiler", "\"g++\""}, {"threads", "2"}, {"seed", "5"},
      {"wall_seconds", "2.750"},  {"steps", "20"},          {"parameters", "123"}};
  CHECK(run.env == env);
  CHECK_FALSE(reader.update());
}

TEST_CASE("A run that is killed is cut off, and shows where and with what it trained up to its last row") {
  const TemporaryDirectory directory;
  const RunFiles files(directory / "run", "encoder");
  files.append("metrics.jsonl", kMetrics);
  spill(files.path() / "run.json", R"({"format": 1, "status": "running", "started": 0.5, "environment": {
    "headlight": "0.1.0", "device": "a processor", "git": {"commit": "1f3c", "dirty": true}}})");
  RunReader reader = reader_of(files);
  const auto env = [&reader](const std::string& name) {
    for (const auto& [key, value] : reader.run().env) {
      if (key == name) return value;
    }
    return std::string();
  };
  {
    const RunDirectory lock = RunDirectory::reopen(files.path());
    CHECK(reader.update());
    CHECK(env("status") == "\"running\"");
    CHECK_FALSE(reader.update());
  }
  CHECK(reader.update());  // though no file has changed
  CHECK(env("status") == "\"cut off\"");
  CHECK(env("wall_seconds") == "1.500");  // the last row has the time 2
  CHECK(env("git") == "\"1f3c with changes\"");
  CHECK(env("device") == "\"a processor\"");
  CHECK_FALSE(reader.update());
}

TEST_CASE("Attention is cut to each probe's own length, with scores and predictions") {
  const TemporaryDirectory directory;
  const RunFiles files(directory / "run", "encoder-decoder");
  files.probes(kTwoProbes);
  const RunFiles::Predictions made = two_predictions();
  files.snapshot(0, one_layer_each(), &made);
  files.snapshot(8, one_layer_each(), &made);
  RunReader reader = reader_of(files, {.exact_steps = {0}});
  CHECK(reader.update());
  const ViewRun& run = reader.run();
  CHECK(run.steps == std::vector<std::uint64_t>{0, 8});
  REQUIRE(run.probes.size() == 2);
  CHECK(run.probes[1].src == std::vector<std::int32_t>{1, 2});
  CHECK(run.probes[1].tgt_in == std::vector<std::int32_t>{3, 1, 2});
  CHECK(run.probes[0].tgt_out == std::vector<std::int32_t>{0, -100});
  REQUIRE(run.blocks.size() == 3);
  CHECK(run.blocks[2].shapes == std::vector<ViewShape>{{2, 3}, {3, 2}});
  CHECK(run.blocks[1].causal);
  CHECK(run.blocks[0].layer_names == std::vector<std::string>{"layers.enc.self.layer0"});
  // Cross-attention of probe 1, head 1: rows 0 to 2 of two keys each; a row has 3 numbers in the file.
  const std::vector<std::uint8_t>& codes = run.blocks[2].codes[1];
  REQUIRE(codes.size() == 2 * 2 * 3 * 2);
  std::vector<std::uint8_t> expected;
  for (const int i : {27, 28, 30, 31, 33, 34}) expected.push_back(code_of(static_cast<float>(i) / 36));
  CHECK(std::vector<std::uint8_t>(codes.begin() + 6, codes.begin() + 12) == expected);
  CHECK(run.exact.size() == 2 * 3 * 2);
  REQUIRE(run.scores.size() == 2 * 2);
  CHECK(run.scores[0].values ==
        std::vector<float>{0, 1 / 36.0F, 3 / 36.0F, 4 / 36.0F, 9 / 36.0F, 10 / 36.0F, 12 / 36.0F, 13 / 36.0F});
  REQUIRE(run.predictions);
  CHECK(run.predictions->top == 2);
  CHECK(run.predictions->probes[0].ids == std::vector<std::int32_t>{0, 1, 2, 3, 0, 1, 2, 3});
  CHECK(run.predictions->probes[1].target_prob.size() == 2 * 3);
}

TEST_CASE("Decoders read their input as targets, vectors have names in the place of tokens") {
  const TemporaryDirectory directory;
  const RunFiles decoder(directory / "decoder", "decoder");
  decoder.probes(R"([{"label": "eval 0", "input": [0, 1], "begun": [], "target": [1, 2]}])");
  decoder.snapshot(3, {{.name = "dec.self.layer0",
                        .shape = {1, 1, 2, 2},
                        .mask = "causal",
                        .window = "1",
                        .weights = {1, 0, 0.5F, 0.5F}}});
  RunReader reader = reader_of(decoder);
  reader.update();
  CHECK(reader.run().probes[0].src.empty());
  CHECK(reader.run().probes[0].tgt_in == std::vector<std::int32_t>{0, 1});
  CHECK(reader.run().blocks[0].windows == std::vector<std::size_t>{1});
  CHECK(reader.run().blocks[0].codes[0] == std::vector<std::uint8_t>{255, 0, 128});
  CHECK(reader.run().notes.empty());

  const RunFiles encoder(directory / "encoder", "encoder");
  encoder.probes(
      R"([{"label": "eval 0", "input": [], "vectors": [[0.25, -1.5], [1, 2, 3, 4]], "begun": [], "target": [],
                      "values": [[1], [2]]}])");
  RunReader second = reader_of(encoder);
  second.update();
  CHECK(second.run().probes[0].src == std::vector<std::int32_t>{-1, -1});
  CHECK(second.run().probes[0].src_text == std::vector<std::string>{"(0.25, -1.5)", "(1, 2, 3, \xE2\x80\xA6)"});

  const RunFiles numbers(directory / "numbers", "decoder");
  numbers.probes(R"([{"label": "eval 0", "input": [], "vectors": [[1], [2]], "begun": [], "target": []}])");
  RunReader third = reader_of(numbers);
  third.update();
  CHECK(third.run().probes[0].tgt_in == std::vector<std::int32_t>{-1, -1});
  CHECK(third.run().probes[0].src_text == std::vector<std::string>{"(1)", "(2)"});
}

TEST_CASE("The cosine of two heads is that of their flattened maps") {
  ViewRun run;
  run.probes = {{.src = {0, 0}}};
  run.steps = {1};
  run.blocks = {{.name = "enc.self", .kind = "enc.self", .heads = 2, .layer_names = {"a"}, .shapes = {{2, 2}}}};
  run.exact = {{.block = 0, .probe = 0, .step = 1, .values = {1, 0, 0, 1, 0.5F, 0.5F, 0.5F, 0.5F}}};
  const ViewHeadStats stats{.heads = {{0, 0, 0}, {0, 0, 1}}};
  const auto similarity = similarity_of(run, stats);
  REQUIRE(similarity);
  CHECK(similarity->steps == std::vector<std::uint64_t>{1});
  CHECK(similarity->values[0] == Approx(1));
  CHECK(similarity->values[1] == Approx(1 / std::sqrt(2.0)));  // (1 0 0 1) . (1 1 1 1) / (sqrt 2 * 2)
  CHECK(similarity->values[2] == similarity->values[1]);
}

TEST_CASE("A run that grows is read on: half a line waits, snapshots and rows come as they are written") {
  const TemporaryDirectory directory;
  const RunFiles files(directory / "run", "encoder-decoder");
  files.append("metrics.jsonl", kMetrics + R"({"step":2,"time":3.0,"spl)");
  RunReader reader = reader_of(files);
  CHECK(reader.update());
  CHECK(reader.run().scalars.size() == 6);
  CHECK_FALSE(reader.update());
  files.append("metrics.jsonl", R"(it":"eval","loss":1.0})"
                                "\n");
  CHECK(reader.update());
  CHECK(scalar(reader.run(), "eval", "loss").values == std::vector<double>{2.5, 1.0});

  files.probes(kTwoProbes);
  CHECK(reader.update());
  files.snapshot(0, one_layer_each());
  CHECK(reader.update());
  CHECK(reader.run().steps.size() == 1);
  CHECK(reader.run().notes.empty());
  files.snapshot(4, one_layer_each());
  CHECK(reader.update());
  CHECK_FALSE(reader.update());
  CHECK(reader.run().steps == std::vector<std::uint64_t>{0, 4});
  CHECK(reader.run().exact.size() == 3 * 2);

  // Resumed from an earlier checkpoint: rows and snapshots behind it are gone, and others come.
  spill(files.path() / "metrics.new", kMetrics);
  std::filesystem::rename(files.path() / "metrics.new", files.path() / "metrics.jsonl");
  std::filesystem::remove(files.path() / "attention/step-00000004.safetensors");
  files.snapshot(3, one_layer_each());
  CHECK(reader.update());
  CHECK(reader.run().steps == std::vector<std::uint64_t>{0, 3});
  CHECK(scalar(reader.run(), "eval", "loss").values == std::vector<double>{2.5});
}

TEST_CASE("Memory is held within bounds: snapshots are thinned while reading, and the run says so") {
  const TemporaryDirectory directory;
  const RunFiles files(directory / "run", "encoder-decoder");
  files.probes(kTwoProbes);
  for (std::uint64_t step = 0; step < 12; ++step) files.snapshot(step, one_layer_each());
  // 2 heads: full 9 + 4, causal 3 + 6, cross 6 + 6 cells of the probes make 68 bytes of a snapshot.
  RunReader reader = reader_of(files, {.exact_steps = {5}, .max_codes = 5 * 68});
  reader.update();
  CHECK(reader.run().steps.size() <= 5);
  CHECK(reader.run().steps.back() == 11);
  CHECK(std::binary_search(reader.run().steps.begin(), reader.run().steps.end(), 5));
  REQUIRE(reader.run().notes.size() == 1);
  CHECK_THAT(reader.run().notes[0], Contains("of the 12 snapshots"));
}
