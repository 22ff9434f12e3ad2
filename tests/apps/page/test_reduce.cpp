// What a page leaves out when it would be too large.
#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/page/page.h"
#include "apps/page/reduce.h"
#include "core/error.h"
#include "tests/apps/page/fixture.h"
#include "tests/apps/page/page_reading.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

namespace {

/// Weights that do not compress, in a causal and a full block of 3 layers.
ViewRun large_run(const std::vector<std::uint64_t>& steps, const std::vector<std::uint64_t>& exact) {
  ViewRun run;
  run.name = "large";
  for (std::int32_t p = 0; p < 4; ++p) {
    run.probes.push_back({.src = std::vector<std::int32_t>(10, p), .tgt_in = std::vector<std::int32_t>(12, p)});
  }
  const auto weight = [](const WeightPlace& at) {
    return static_cast<float>(noise({static_cast<std::uint32_t>(at.probe), static_cast<std::uint32_t>(at.snapshot),
                                     static_cast<std::uint32_t>(at.layer), static_cast<std::uint32_t>(at.head),
                                     static_cast<std::uint32_t>(at.query), static_cast<std::uint32_t>(at.key)}));
  };
  std::vector<LayerPlan> layers;
  for (int layer = 0; layer < 3; ++layer) {
    layers.push_back({.kind = "enc.self", .heads = 2, .weight = weight});
    layers.push_back({.kind = "dec.self", .heads = 2, .causal = true, .weight = weight});
  }
  add_attention(run, layers, steps, exact);
  ViewHeadStats stats{.steps = {1}, .columns = {"x"}};
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t layer = 0; layer < 3; ++layer) {
      for (std::size_t head = 0; head < 2; ++head) {
        stats.heads.push_back({b, layer, head});
        stats.values.push_back(static_cast<float>(stats.heads.size()));
      }
    }
  }
  stats.similarity = ViewSimilarity{.steps = {1}, .values = std::vector<float>(144)};
  for (std::size_t i = 0; i < 144; ++i) stats.similarity->values[i] = static_cast<float>(i);
  run.head_stats = stats;
  return run;
}

std::vector<std::uint64_t> powers(std::size_t count) {
  std::vector<std::uint64_t> steps;
  for (std::size_t i = 0; i < count; ++i) steps.push_back(std::uint64_t{1} << i);
  return steps;
}

/// The codes of one snapshot of a probe.
std::vector<std::uint8_t> snapshot_codes(const ViewRun& run, std::size_t block, std::size_t probe, std::size_t at) {
  const std::vector<std::uint8_t>& codes = run.blocks[block].codes[probe];
  const std::size_t size = codes.size() / run.steps.size();
  return {codes.begin() + static_cast<std::ptrdiff_t>(at * size),
          codes.begin() + static_cast<std::ptrdiff_t>((at + 1) * size)};
}

}  // namespace

TEST_CASE("Snapshots are thinned evenly on a logarithmic axis, first, last and wanted ones stay with their own codes") {
  std::vector<std::uint64_t> steps;
  for (std::uint64_t step = 0; step <= 1000; step += 10) steps.push_back(step);
  const ViewRun whole = large_run(steps, {});
  ViewRun run = whole;
  const std::vector<std::uint64_t> kept = {510};
  CHECK(thin_snapshots(run, 8, kept));
  REQUIRE(run.steps.size() == 8);
  CHECK(run.steps.front() == 0);
  CHECK(run.steps.back() == 1000);
  CHECK(std::count(run.steps.begin(), run.steps.end(), 510) == 1);
  CHECK(run.steps[1] == 10);  // log-spaced: early ones lie closer
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    CHECK(snapshot_codes(run, 1, 2, i) == snapshot_codes(whole, 1, 2, run.steps[i] / 10));
  }
  CHECK_FALSE(thin_snapshots(run, 8, kept));
  CHECK(thin_snapshots(run, 1));
  CHECK(run.steps == std::vector<std::uint64_t>{1000});
  CHECK(run.exact.size() == 2 * 4);
}

TEST_CASE("Fewer layers keep the numbers of those that stay, in maps and in statistics") {
  const ViewRun whole = large_run({1, 2}, {});
  ViewRun run = whole;
  CHECK(keep_layers(run, 1));
  CHECK(run.blocks[0].layers() == 1);
  const std::vector<std::uint8_t> all = snapshot_codes(whole, 0, 3, 1);
  CHECK(snapshot_codes(run, 0, 3, 1) ==
        std::vector<std::uint8_t>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 3)));
  const std::vector<float>& exact = whole.exact[0].values;
  CHECK(run.exact[0].values ==
        std::vector<float>(exact.begin(), exact.begin() + static_cast<std::ptrdiff_t>(exact.size() / 3)));
  REQUIRE(run.head_stats->heads.size() == 4);
  CHECK(run.head_stats->values == std::vector<float>{1, 2, 7, 8});
  CHECK(run.head_stats->heads[2] == ViewHead{1, 0, 0});
  CHECK(run.head_stats->similarity->values ==
        std::vector<float>{0, 1, 6, 7, 12, 13, 18, 19, 72, 73, 78, 79, 84, 85, 90, 91});
}

TEST_CASE("Fewer probes keep the first ones") {
  ViewRun run = large_run({1, 2}, {1});
  CHECK(keep_probes(run, 2));
  CHECK(run.exact.size() == 2 * 2 * 2);
  CHECK(run.blocks[1].shapes.size() == 2);
  CHECK(run.blocks[1].codes.size() == 2);
  CHECK_FALSE(keep_probes(run, 2));
}

TEST_CASE("Over the budget exact steps go first, then snapshots, probes and layers, and each is told") {
  const ViewRun run = large_run(powers(16), {1, 2, 4, 8});
  const std::uint64_t whole = view_page({run}, {}).html.size();
  const std::uint64_t bare = viewer_page().size();
  CHECK(view_page({run}, {.max_size = whole}).dropped.empty());

  const ViewPage no_exact = view_page({run}, {.max_size = whole - 1});
  REQUIRE(no_exact.dropped.size() == 1);
  CHECK_THAT(no_exact.dropped[0], Contains("exact weights are those of the last snapshot alone"));
  json shown = manifest_of(no_exact.html)["runs"][0];
  CHECK(shown["notes"] == json(no_exact.dropped));
  CHECK(shown["steps"].size() == 16);
  CHECK(shown["exact"].size() == 8);

  std::size_t notes = 1;
  for (const std::uint64_t share : std::vector<std::uint64_t>{400, 250, 120, 60}) {
    const std::uint64_t most = bare + 2048 + (whole - bare) * share / 1000;
    INFO(share << " per mille: " << most << " bytes");
    const ViewPage page = view_page({run}, {.max_size = most});
    CHECK(page.html.size() <= most);
    CHECK(page.dropped.size() >= notes);
    notes = page.dropped.size();
    shown = manifest_of(page.html)["runs"][0];
    CHECK(shown["steps"].back() == powers(16).back());
    CHECK(shown["notes"] == json(page.dropped));
    // A later kind is left out only when the one before is at its least.
    if (shown["probes"].size() < 4) CHECK(shown["steps"].size() <= 8);
    if (shown["blocks"][0]["layers"] < 3) CHECK(shown["probes"].size() == 1);
  }
  CHECK(notes >= 3);
}

TEST_CASE("What cannot be made small enough, and pages beyond 256 MiB, are refused") {
  const ViewRun run = large_run({1}, {});
  CHECK_THAT(message_of<ConfigError>([&] { view_page({run}, {.max_size = viewer_page().size()}); }),
             Contains("larger than allowed") && Contains("--max-size"));
  CHECK_THAT(message_of<ConfigError>([&] { view_page({run}, {.max_size = kLargestPage + 1}); }), Contains("256 MiB"));
}
