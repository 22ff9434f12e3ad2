// Which inputs a run is watched on, and the file that says so.
#include <algorithm>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/recording/probes.h"
#include "layers/layer_error.h"
#include "tests/apps/training/training_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Contains;
using Ids = std::vector<std::int32_t>;

namespace {

std::vector<Probe> probes_of(const config::Config& config) { return choose_probes(config, *make_task(config)); }

}  // namespace

TEST_CASE("Probes are different held-out examples, the same ones each time, and inputs that were given") {
  const config::Config config = tiny_config({"probes.random=5", R"(probes.inputs=["0 1 2 2"])"});
  const std::vector<Probe> probes = probes_of(config);
  REQUIRE(probes.size() == 6);
  std::set<std::uint64_t> indices;
  for (std::size_t i = 0; i < 5; ++i) {
    REQUIRE(probes[i].index);
    indices.insert(*probes[i].index);
    CHECK(*probes[i].index < 20);
    CHECK(probes[i].label == "eval " + std::to_string(*probes[i].index));
    Example drawn;
    make_task(config)->example({.split = Split::eval, .index = *probes[i].index}, drawn);
    CHECK(probes[i].example == drawn);
  }
  CHECK(indices.size() == 5);
  CHECK_FALSE(probes[5].index);
  CHECK(probes[5].label == "given 0");
  CHECK(probes[5].example.input == Ids{0, 1, 2, 2});
  CHECK(probes[5].example.target == Ids{2, 2, 1, 0});  // reversed
  const std::vector<Probe> again = probes_of(config);
  CHECK(std::equal(probes.begin(), probes.end(), again.begin(),
                   [](const Probe& a, const Probe& b) { return a.label == b.label && a.example == b.example; }));
}

TEST_CASE("There are no more probes than held-out examples, and none where none are asked for") {
  CHECK(probes_of(tiny_config({"probes.random=100"})).size() == 20);
  CHECK(probes_of(tiny_config({"probes.random=0"})).empty());
}

TEST_CASE("An input that is no input of the task is refused with its key") {
  for (const char* inputs : {R"(["0 1 2 2", "0 9 1 1"])", R"(["0 1 2 2", "0 1 2 2 0"])"}) {
    const config::Config config = tiny_config({std::string("probes.inputs=") + inputs});
    try {
      probes_of(config);
      FAIL("nothing was refused");
    } catch (const LayerError& error) {
      CHECK(error.faults().front().path == "probes.inputs.1");
    }
  }
  CHECK_THROWS_WITH(probes_of(tiny_config({R"(probes.inputs=["0 9 1 1"])"})), Contains("`9` is no token of this task"));
}

TEST_CASE("The file of probes has all that they read and are to say") {
  const TemporaryDirectory directory;
  const config::Config config = tiny_config({"probes.random=1", R"(probes.inputs=["0 1 2 2"])"});
  const std::vector<Probe> probes = probes_of(config);
  write_probes(directory.path(), probes, *make_task(config));
  const nlohmann::json file = nlohmann::json::parse(slurp(directory / "probes.json"));
  CHECK(file["format"] == 1);
  REQUIRE(file["probes"].size() == 2);
  CHECK(file["probes"][0]["index"] == *probes[0].index);
  CHECK(file["probes"][1] == nlohmann::json({{"label", "given 0"},
                                             {"text", "0 1 2 2"},
                                             {"input", {0, 1, 2, 2}},
                                             {"begun", nlohmann::json::array()},
                                             {"target", {2, 2, 1, 0}}}));
}

TEST_CASE("Probes of vectors and numbers are written as rows") {
  const TemporaryDirectory directory;
  const config::Config config = config::read_config_text({{.name = "a.json",
                                                           .text = R"({
      "task": {"type": "linreg", "dimensions": 2, "points": 3}, "trainer": {"steps": 3},
      "model": {"d_model": 8, "heads": 2}, "probes": {"random": 1}})",
                                                           .directory = {}}})
                                    .config;
  const std::vector<Probe> probes = probes_of(config);
  write_probes(directory.path(), probes, *make_task(config));
  const nlohmann::json probe = nlohmann::json::parse(slurp(directory / "probes.json"))["probes"][0];
  const Example& example = probes[0].example;
  const std::size_t features = make_task(config)->shape().features;
  CHECK(probe["vectors"].size() == example.vectors.size() / features);
  CHECK(probe["vectors"][1] ==
        std::vector<double>(example.vectors.begin() + static_cast<std::ptrdiff_t>(features),
                            example.vectors.begin() + 2 * static_cast<std::ptrdiff_t>(features)));
  CHECK(probe["values"].size() == example.target.size());
  CHECK(probe["target"].empty());
}
