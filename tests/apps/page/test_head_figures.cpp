// Figures of heads in a run directory, read into what a page shows. Expected values are those of the files.
#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/page/page.h"
#include "apps/page/run_reader.h"
#include "tests/apps/page/page_reading.h"
#include "tests/apps/page/run_files.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Contains;

namespace {

RunReader figures_reader(const RunFiles& files) { return {files.path(), {.name = "small/run"}}; }

}  // namespace

TEST_CASE("Figures of heads stand at the heads of the blocks, null and what is left out are NaN") {
  const TemporaryDirectory directory;
  const RunFiles files(directory / "run", "encoder-decoder");
  files.probes(kTwoProbes);
  files.snapshot(8, one_layer_each());
  files.append(
      "head_stats.jsonl",
      R"({"step":4,"block":"dec.cross","layer":0,"head":1,"sequences":64,"entropy.bits":1.5,"role.self.score":null})"
      "\n"
      R"({"step":8,"block":"enc.self","layer":0,"head":0,"sequences":64,"role.self.score":0.25})"
      "\n"
      R"({"step":8,"block":"dec.cross","layer":0,"head":1,"seque)");
  RunReader reader = figures_reader(files);
  reader.update();
  REQUIRE(reader.run().head_stats);
  const ViewHeadStats& stats = *reader.run().head_stats;
  CHECK(stats.steps == std::vector<std::uint64_t>{4, 8});
  CHECK(stats.columns == std::vector<std::string>{"entropy.bits", "role.self.score"});
  CHECK(stats.evaluated == "64 held-out sequences");
  REQUIRE(stats.heads.size() == 6);
  CHECK(stats.heads[5] == ViewHead{.block = 2, .layer = 0, .head = 1});
  REQUIRE(stats.values.size() == 2 * 6 * 2);
  CHECK(stats.values[10] == 1.5F);
  CHECK(std::isnan(stats.values[11]));
  CHECK(stats.values[13] == 0.25F);
  CHECK(std::isnan(stats.values[12]));
  // The ramps of two heads, and maps of other shapes.
  REQUIRE(stats.similarity);
  CHECK(stats.similarity->values[0] == Approx(1));
  CHECK(std::isnan(stats.similarity->values[4]));
}

TEST_CASE("Figures find their heads where layers differ in their number of heads") {
  const TemporaryDirectory directory;
  const RunFiles files(directory / "run", "encoder");
  files.probes(R"([{"label": "eval 0", "input": [0, 1], "begun": [], "target": [1, 2]}])");
  files.snapshot(8, {{.name = "enc.self.layer0", .shape = {1, 2, 2, 2}, .weights = ramp(8)},
                     {.name = "enc.self.layer1", .shape = {1, 1, 2, 2}, .weights = ramp(4)},
                     {.name = "enc.self.layer2", .shape = {1, 2, 2, 2}, .weights = ramp(8)}});
  for (const char* const place : {"0,\"head\":0", "0,\"head\":1", "1,\"head\":0", "2,\"head\":0", "2,\"head\":1"}) {
    const std::string text(place);
    files.append("head_stats.jsonl", R"({"step":8,"block":"enc.self","layer":)" + text + R"(,"entropy.bits":)" +
                                         text.front() + "." + text.back() + "}\n");
  }
  RunReader reader = figures_reader(files);
  reader.update();
  const ViewRun& run = reader.run();
  REQUIRE(run.blocks.size() == 2);
  CHECK(run.blocks[0].layer_numbers == std::vector<std::size_t>{0, 2});
  CHECK(run.blocks[1].layer_numbers == std::vector<std::size_t>{1});
  REQUIRE(run.head_stats);
  CHECK(run.head_stats->heads == std::vector<ViewHead>{{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1}, {1, 0, 0}});
  CHECK(run.head_stats->values == std::vector<float>{0.0F, 0.1F, 2.0F, 2.1F, 1.0F});
}

TEST_CASE("Figures of heads are shown of a run that kept no snapshot of them, until one comes") {
  const TemporaryDirectory directory;
  const RunFiles files(directory / "run", "encoder-decoder");
  for (const char* const place :
       {R"("enc.self","layer":0,"head":0)", R"("enc.self","layer":0,"head":1)", R"("dec.self","layer":0,"head":0)",
        R"("dec.self","layer":1,"head":0)", R"("dec.self","layer":1,"head":1)", R"("dec.self","layer":7,"head":0)"}) {
    files.append("head_stats.jsonl", R"({"step":4,"block":)" + std::string(place) + R"(,"entropy.bits":1.5})" + "\n");
  }
  RunReader reader = figures_reader(files);
  CHECK(reader.update());
  const ViewRun& run = reader.run();
  CHECK(run.steps.empty());
  REQUIRE(run.blocks.size() == 3);
  CHECK(run.blocks[0].name == "enc.self");
  CHECK(run.blocks[1].layer_numbers == std::vector<std::size_t>{0});
  CHECK(run.blocks[2].name == "dec.self.2");
  CHECK(run.blocks[2].layer_numbers == std::vector<std::size_t>{1});
  REQUIRE(run.head_stats);
  CHECK(run.head_stats->steps == std::vector<std::uint64_t>{4});
  // Layers count without gaps, so that row of layer 7 is damage.
  CHECK(run.head_stats->heads == std::vector<ViewHead>{{0, 0, 0}, {0, 0, 1}, {1, 0, 0}, {2, 0, 0}, {2, 0, 1}});
  CHECK(run.head_stats->values == std::vector<float>(5, 1.5F));
  REQUIRE(run.notes.size() == 1);
  CHECK_THAT(run.notes[0], Contains("no record of its attention maps"));

  // FORMAT.md: of each block as many shapes and sections as probes, of each probe no bytes where there is no step.
  files.probes(kTwoProbes);
  CHECK(reader.update());
  const std::string html = view_page({run}, {}).html;
  const nlohmann::json shown = manifest_of(html)["runs"][0];
  CHECK(shown["steps"].empty());
  REQUIRE(shown["blocks"].size() == 3);
  for (const nlohmann::json& block : shown["blocks"]) {
    CHECK(block["shapes"].size() == 2);
    REQUIRE(block["sections"].size() == 2);
    CHECK(section_of(html, block["sections"][1]).empty());
  }
  CHECK(shown["head_stats"]["steps"] == nlohmann::json({4}));
  CHECK(numbers_of<float>(html, shown["head_stats"]["section"]) == std::vector<float>(5, 1.5F));

  files.snapshot(5, one_layer_each());
  CHECK(reader.update());
  REQUIRE(run.blocks.size() == 3);
  CHECK(run.blocks[1].causal);
  CHECK(run.blocks[2].name == "dec.cross");
  CHECK(run.head_stats->heads.size() == 6);
}
