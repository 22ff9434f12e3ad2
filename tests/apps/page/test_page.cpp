// Whole pages, read back by the words of the format.
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/page/packing.h"
#include "apps/page/page.h"
#include "core/error.h"
#include "tests/apps/page/fixture.h"
#include "tests/apps/page/page_reading.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

namespace {

constexpr std::size_t kProbes = 2;
const std::vector<std::uint64_t> kSteps = {0, 3, 10};

/// A full, a causal and a rectangular block whose weights are all different.
float weight_at(const WeightPlace& at) {
  return static_cast<float>(noise({static_cast<std::uint32_t>(at.probe), static_cast<std::uint32_t>(at.snapshot),
                                   static_cast<std::uint32_t>(at.layer), static_cast<std::uint32_t>(at.head),
                                   static_cast<std::uint32_t>(at.query), static_cast<std::uint32_t>(at.key)}));
}

float score_at(const WeightPlace& at) { return 10 * weight_at(at) - 5; }

ViewRun three_blocks() {
  ViewRun run;
  run.name = "three";
  run.words.vocab = {"x", "y", "z"};
  run.probes = {{.label = "one", .src = {0, 1, 2, 0}, .tgt_in = {1, 2, 0}, .tgt_out = {2, 0, -1}},
                {.label = "two", .src = {2}, .tgt_in = {1, 1}, .tgt_out = {0, 0}}};
  std::vector<LayerPlan> layers;
  for (int layer = 0; layer < 2; ++layer) {
    layers.push_back({.kind = "enc.self", .heads = 2, .weight = weight_at});
    layers.push_back({.kind = "dec.self", .heads = 3, .causal = true, .weight = weight_at, .score = score_at});
    layers.push_back({.kind = "dec.cross", .heads = 1, .weight = weight_at});
  }
  add_attention(run, layers, kSteps, {3});
  return run;
}

std::string html_of(const ViewRun& run, PageOptions options = {}) {
  options.facts.generator = "headlight test";
  options.facts.created = "2024-05-01T12:00:00Z";
  return view_page({run}, options).html;
}

}  // namespace

TEST_CASE("The page is that of apps/viewer, byte for byte, with the data in its place") {
  const std::string built = slurp(std::string(HEADLIGHT_SOURCE_DIR) + "/apps/viewer/dist/viewer.html");
  CHECK(viewer_page() == built);
  const std::string page = page_with("DATA");
  CHECK_THAT(page, Contains("\nDATA\n"));
  CHECK(page.size() == built.size() + 4 - std::string("<!--headlight:data-->").size());
}

TEST_CASE("Codes, differences and exact weights of full, causal and rectangular blocks are those of the arrays") {
  const std::string html = html_of(three_blocks());
  const json run = manifest_of(html)["runs"][0];
  CHECK(run["steps"] == json(kSteps));
  REQUIRE(run["blocks"].size() == 3);
  CHECK(run["blocks"][1]["name"] == "dec.self");
  CHECK(run["blocks"][1]["pack"] == "tril");
  CHECK(run["blocks"][1]["mask"] == "causal");
  CHECK(run["blocks"][2]["shapes"] == json({{3, 4}, {2, 1}}));
  CHECK_FALSE(run["blocks"][0].contains("layer_numbers"));
  CHECK(run["blocks"][0]["layer_names"] == json({"layers.0.attention", "layers.3.attention"}));
  for (const json& block : run["blocks"]) {
    const bool causal = block["mask"] == "causal";
    CHECK(block["order"] == json({"step", "layer", "head", "q", "k"}));
    for (std::size_t probe = 0; probe < kProbes; ++probe) {
      std::vector<std::uint8_t> codes = section_of(html, block["sections"][probe]);
      const std::size_t queries = block["shapes"][probe][0];
      const std::size_t keys = block["shapes"][probe][1];
      const std::size_t head_cells = causal ? queries * (queries + 1) / 2 : queries * keys;
      const std::size_t snapshot = 2 * block["heads"].get<std::size_t>() * head_cells;
      REQUIRE(codes.size() == kSteps.size() * snapshot);
      for (std::size_t i = snapshot; i < codes.size(); ++i) {
        codes[i] = static_cast<std::uint8_t>(codes[i] + codes[i - snapshot]);
      }
      std::size_t at = 0;
      for (WeightPlace place{.probe = probe}; place.snapshot < kSteps.size(); ++place.snapshot) {
        for (place.layer = 0; place.layer < 2; ++place.layer) {
          for (place.head = 0; place.head < block["heads"]; ++place.head) {
            for (place.query = 0; place.query < queries; ++place.query) {
              for (place.key = 0; place.key < (causal ? place.query + 1 : keys); ++place.key) {
                REQUIRE(int{codes[at++]} == std::floor(255.0F * weight_at(place) + 0.5F));
              }
            }
          }
        }
      }
    }
  }
  // Of the last step, and of the one that was asked for; of every block and probe.
  REQUIRE(run["exact"].size() == 2 * 3 * kProbes);
  for (const json& exact : run["exact"]) {
    const json& block = run["blocks"][exact["block"].get<std::size_t>()];
    const bool causal = block["mask"] == "causal";
    const std::vector<float> values = numbers_of<float>(html, exact["section"]);
    WeightPlace place{.probe = exact["probe"], .snapshot = exact["step"] == 10 ? 2U : 1U};
    CHECK((exact["step"] == 10 || exact["step"] == 3));
    const json& shape = block["shapes"][place.probe];
    std::size_t at = 0;
    for (; place.layer < 2; ++place.layer) {
      for (place.head = 0; place.head < block["heads"]; ++place.head) {
        for (place.query = 0; place.query < shape[0]; ++place.query) {
          const std::size_t keys = causal ? place.query + 1 : shape[1].get<std::size_t>();
          for (place.key = 0; place.key < keys; ++place.key) REQUIRE(values.at(at++) == weight_at(place));
        }
      }
    }
    CHECK(at == values.size());
  }
  // Scores are whole maps, of causal blocks too.
  REQUIRE(run["scores"].size() == 2 * kProbes);
  const json& scores = run["scores"][0];
  const std::vector<float> values = numbers_of<float>(html, scores["section"]);
  CHECK(values.size() == 2 * 3 * 3 * 3);
  CHECK(values[1] == score_at({.probe = 0, .snapshot = 1, .key = 1}));
}

TEST_CASE("No text of a run ends the element of the manifest, and every text comes back as it was") {
  ViewRun run;
  run.name = "</script><!-- <b>";
  run.words.vocab = odd_tokens();
  run.probes = {{.label = "<script>", .src = {0, 1}, .src_text = {"<", "\xE2\x80\xA8"}}};
  run.config = R"({"name": "</script>"})";
  const std::string html = html_of(run);
  const std::size_t begin = html.find("id=\"hl-manifest\">") + 17;
  const std::string text = html.substr(begin, html.find("</script>", begin) - begin);
  CHECK(text.find('<') == std::string::npos);
  const json manifest = manifest_of(html);
  CHECK(manifest["format"] == "headlight.view/1");
  CHECK(manifest["generator"] == "headlight test");
  CHECK(manifest["vocab"] == json(odd_tokens()));
  CHECK(manifest["runs"][0]["name"] == run.name);
  CHECK(manifest["runs"][0]["id"] == "a");
  CHECK(manifest["runs"][0]["config"]["resolved"]["name"] == "</script>");
}

TEST_CASE("Cells that are no numbers have code 0 and as few entries as say which they are") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  ViewRun run;
  run.probes = {{.tgt_in = {0, 0, 0}}, {.tgt_in = {0, 0}}};
  const auto weight = [&](const WeightPlace& at) {
    if (at.snapshot == 3) return kNan;
    if (at.snapshot == 2 && at.layer == 1) return kNan;
    if (at.snapshot == 1 && at.probe == 0 && at.layer == 0 && at.head == 1) {
      if (at.query == 1 && at.key == 0) return kInfinity;
      if (at.query == 2) return -kInfinity;
    }
    return 0.25F;
  };
  const std::vector<LayerPlan> layers(2, {.kind = "dec.self", .heads = 2, .causal = true, .weight = weight});
  add_attention(run, layers, {0, 1, 2, 3});
  const std::vector<ViewInvalid> expected = {
      {.block = 0, .probe = 0, .step = 1, .layer = 0, .head = 1, .query = 1, .key = 0, .value = "inf"},
      {.block = 0, .probe = 0, .step = 1, .layer = 0, .head = 1, .query = 2, .value = "-inf"},
      {.block = 0, .step = 2, .layer = 1, .value = "nan"},
      {.block = 0, .step = 3, .value = "nan"}};
  CHECK(run.invalid == expected);
  CHECK(run.blocks[0].codes[0][24 + 6 + 1] == 0);  // step 1, layer 0, head 1, q 1, k 0
  const json invalid = manifest_of(html_of(run))["runs"][0]["invalid"];
  CHECK(invalid[3] == json::parse(R"({"block":0,"probe":null,"step":3,"layer":null,"head":null,"q":null,"k":null,
                                      "value":"nan"})"));
  // The cells themselves stay what they are.
  CHECK(std::isnan(run.exact[0].values[0]));
}

TEST_CASE("Layers of other numbers of heads or another mask are blocks of their own, windows hide cells by layer") {
  ViewRun run;
  run.probes = {{.tgt_in = {0, 0, 0}}};
  const auto even = [](const WeightPlace&) { return 1.0F; };
  add_attention(run,
                {{.kind = "dec.self", .heads = 2, .causal = true, .weight = even},
                 {.kind = "dec.self", .heads = 1, .causal = true, .weight = even},
                 {.kind = "dec.self", .heads = 2, .causal = true, .window = 1, .weight = even}},
                {5});
  const std::string html = html_of(run);
  const json blocks = manifest_of(html)["runs"][0]["blocks"];
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0]["name"] == "dec.self");
  CHECK(blocks[0]["layers"] == 2);
  CHECK(blocks[1]["name"] == "dec.self.2");
  CHECK(blocks[1]["kind"] == "dec.self");
  // Places in a block do not say which layer it is: the middle one of the three is a block of its own.
  CHECK(blocks[0]["layer_numbers"] == json({0, 2}));
  CHECK(blocks[1]["layer_numbers"] == json({1}));
  CHECK_FALSE(blocks[1].contains("hidden"));
  CHECK(blocks[0]["hidden"]["order"] == json({"probe", "layer", "q", "k"}));
  CHECK(section_of(html, blocks[0]["hidden"]["section"]) ==
        std::vector<std::uint8_t>{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0});
  // What a window hides has code 0, whatever stood there.
  CHECK(section_of(html, blocks[0]["sections"][0]) ==
        std::vector<std::uint8_t>{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                  255, 0,   255, 0,   0,   255, 255, 0,   255, 0,   0,   255});
}

TEST_CASE("Small runs: one token, one head, one snapshot, no probes, no runs") {
  for (const char* name : {"tiny", "empty", "odd", "nan", "decoder", "mismatch"}) {
    INFO(name);
    std::vector<std::string> notes;
    const std::string html = view_page(fixture_runs(name, notes), {}).html;
    const json manifest = manifest_of(html);
    CHECK(manifest["runs"].size() == (std::string(name) == "mismatch" ? 2 : 1));
    for (std::size_t i = 0; i < section_count(html); ++i) section_of(html, i);
  }
  CHECK_THROWS_AS(view_page({}, {}), ConfigError);
}

TEST_CASE("Runs of one vocabulary say it once") {
  ViewRun a;
  a.words.vocab = {"p", "q"};
  ViewRun b = a;
  ViewRun c = a;
  c.words.vocab = {"q", "p"};
  c.words.target_vocab = {"no", "yes"};
  const json manifest = manifest_of(view_page({a, b, c}, {}).html);
  CHECK(manifest["vocab"] == json({"p", "q"}));
  CHECK_FALSE(manifest["runs"][1].contains("vocab"));
  CHECK(manifest["runs"][2]["vocab"] == json({"q", "p"}));
  CHECK(manifest["runs"][2]["target_vocab"] == json({"no", "yes"}));
  CHECK(manifest["runs"][2]["id"] == "c");
}

TEST_CASE("Arrays that do not fit their shapes are refused") {
  ViewRun run = three_blocks();
  run.blocks[0].codes[0].pop_back();
  CHECK_THAT(message_of<ShapeError>([&] { view_page({run}, {}); }), Contains("enc.self: codes"));
  run = three_blocks();
  run.exact[0].values.clear();
  CHECK_THROWS_AS(view_page({run}, {}), ShapeError);
}
