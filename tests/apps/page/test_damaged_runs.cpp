// Files of a run that are not what recording writes: the error names the file and says what is wrong.
#include <catch2/catch.hpp>

#include "apps/page/run_reader.h"
#include "core/error.h"
#include "tests/apps/page/run_files.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Contains;

namespace {

std::string fault_of(const RunFiles& files) {
  return message_of<FileError>([&] { RunReader(files.path(), {}).update(); });
}

/// What the run says of the snapshots that it leaves out.
std::string left_out(const RunFiles& files) {
  RunReader reader(files.path(), {});
  reader.update();
  std::string notes;
  for (const std::string& note : reader.run().notes) notes += note + "\n";
  return notes;
}

}  // namespace

TEST_CASE("Damaged files are named, and a damaged snapshot is left out") {
  const TemporaryDirectory directory;
  const RunFiles files(directory / "run", "encoder-decoder");
  files.append("metrics.jsonl", "{\"step\":\n");
  CHECK_THAT(fault_of(files), Contains("metrics.jsonl: line 1 is no JSON"));
  spill(files.path() / "metrics.jsonl", "{}\n");
  files.append("head_stats.jsonl", "{\"step\":1}\n");
  CHECK_THAT(fault_of(files), Contains("head_stats.jsonl: line 1 is no row of a head"));
  std::filesystem::remove(files.path() / "head_stats.jsonl");
  for (const auto& [text, words] :
       std::vector<std::pair<std::string, std::string>>{{"7", "must be a list"},
                                                        {"[7]", "probe 0: it must be an object"},
                                                        {R"([{"input": 3}])", "`input` must be"},
                                                        {R"([{"vectors": [5]}])", "must hold lists of numbers"},
                                                        {R"([{"vectors": [{"a": 1}]}])", "must hold lists of numbers"},
                                                        {R"([{}, {"input": [0.5]}])", "probe 1: `input` holds 0.5"},
                                                        {R"([{"input": [4294967296]}])", "which is no id"}}) {
    files.probes(text);
    CHECK_THAT(fault_of(files), Contains("probes.json") && Contains(words));
  }
  files.probes(kTwoProbes);
  const std::string snapshot = "step-00000001.safetensors";
  std::vector<RunFiles::Layer> layers = one_layer_each();
  layers[0].shape = {2, 2, 1, 9};
  files.snapshot(1, layers);
  CHECK_THAT(left_out(files), Contains(snapshot) && Contains("do not fit the probes"));
  // However long a probe says that it is, what is read is held to the file.
  files.probes(R"([{"input": [1], "begun": [1], "target": [1]}, {"input": [1], "begun": [)" + [] {
    std::string ids = "1";
    for (int i = 0; i < 30000; ++i) ids += ",1";
    return ids;
  }() + R"(], "target": [1]}])");
  files.snapshot(1, one_layer_each());
  CHECK_THAT(left_out(files), Contains(snapshot) && Contains("30001"));
  files.probes(kTwoProbes);
  layers[0].shape = {4, 1, 3, 3};
  files.snapshot(1, layers);
  CHECK_THAT(left_out(files), Contains(snapshot) && Contains("does not fit the 2 probes"));
  layers[0].shape = {2, 18};
  files.snapshot(1, layers);
  CHECK_THAT(left_out(files), Contains(snapshot) && Contains("probe, head, query, key"));
  layers = one_layer_each();
  layers[1].mask = "banded";
  files.snapshot(1, layers);
  CHECK_THAT(left_out(files), Contains(snapshot) && Contains("causal or full"));
  layers[1].mask = "causal";
  layers[1].window = "-3";
  files.snapshot(1, layers);
  CHECK_THAT(left_out(files), Contains(snapshot) && Contains("window"));
  RunFiles::Predictions made = two_predictions();
  made.rows = "none";
  files.snapshot(1, one_layer_each(), &made);
  CHECK_THAT(left_out(files), Contains(snapshot) && Contains("`rows` must be"));
  made = two_predictions();
  made.count = 2;
  made.top = 3;
  made.target_prob = ramp(4);
  files.snapshot(1, one_layer_each(), &made);
  CHECK_THAT(left_out(files), Contains(snapshot));
  files.snapshot(1, one_layer_each());
  files.snapshot(2, {one_layer_each()[0]});
  CHECK_THAT(left_out(files), Contains("step-00000002.safetensors") && Contains("other layers"));
  made = two_predictions();
  files.snapshot(2, one_layer_each(), &made);
  CHECK_THAT(left_out(files), Contains("step-00000002.safetensors") && Contains("predictions"));
  std::string bytes = slurp(files.path() / "attention" / snapshot);
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
  spill(files.path() / "attention" / snapshot, bytes);
  CHECK_THAT(left_out(files), Contains(snapshot) && Contains("damaged"));
  // The others are shown, and the file that is mended too.
  RunReader reader(files.path(), {});
  CHECK(reader.update());
  CHECK(reader.run().steps == std::vector<std::uint64_t>{2});
  CHECK_FALSE(reader.update());
  files.snapshot(1, one_layer_each(), &made);
  CHECK(reader.update());
  CHECK(reader.run().steps == std::vector<std::uint64_t>{1, 2});
  CHECK(reader.run().notes.empty());
  spill(files.path() / "config.json", "{");
  CHECK_THROWS_AS(RunReader(files.path(), {}), ConfigError);
}
