// A program of its own, since a type that is registered twice stays so until the program ends.
#include <memory>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "layers/attention_score.h"
#include "layers/dense.h"
#include "layers/registry.h"

using namespace headlight;

namespace {

// Before main, where an exception would end the program.
const RegisterLayer registration{"dense", [](const LayerConfig& config, Init& init) {
                                   return std::make_unique<Dense>(config.size("dim"), config.size("dim"), init);
                                 }};

// The name of a score of ours.
const RegisterScore score_registration{"cosine", [](const LayerConfig&, const ScoreSize&, Init&) {
                                         return std::unique_ptr<AttentionScore>();
                                       }};

}  // namespace

TEST_CASE("a score that is registered twice is named by the first use of the scores") {
  CHECK_THROWS_AS(registered_scores(), StateError);
  CHECK_THROWS_WITH(registered_scores(),
                    "register score: registered twice: cosine; choose another name for one of the scores");
}

TEST_CASE("a type that is registered twice is named by the first use of the registry") {
  Init init(1);
  const std::string message = "register layer: registered twice: dense; choose another name for one of the layers";
  CHECK_THROWS_AS(registered_layers(), StateError);
  CHECK_THROWS_WITH(registered_layers(), message);
  CHECK_THROWS_WITH(make_layer({{"type", "dropout"}, {"p", 0.5}}, init), message);
}
