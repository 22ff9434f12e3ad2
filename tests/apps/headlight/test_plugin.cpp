// A user's layer from a shared library: known by its name, checked and trained like ours.
#include <catch2/catch.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;

TEST_CASE("A plugin's layer is listed, checked and trained") {
  const Workplace place;
  CHECK_THAT(run_headlight({"layers"}).out, !Contains("gated_residual"));
  CHECK_THAT(run_headlight({"--plugin", HEADLIGHT_PLUGIN, "layers"}).out, Contains("gated_residual"));

  place.set_model(
      R"({"d_model": 8, "blocks": [{"type": "gated_residual", "dim": 8},
                                   {"type": "multi_head_attention", "d_model": 8, "heads": 2}]})");
  const std::vector<std::string> train = {"train", place.config(), "--run-dir", place.run()};
  const Finished unknown = run_headlight(train);
  CHECK(unknown.status == 2);
  CHECK_THAT(unknown.err, Contains("gated_residual"));
  std::vector<std::string> loaded = train;
  loaded.insert(loaded.end(), {"--plugin", HEADLIGHT_PLUGIN});
  const Finished finished = run_headlight(loaded);
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(run_headlight({"eval", place.run(), "--plugin", HEADLIGHT_PLUGIN}).status == 0);
}

TEST_CASE("A plugin that is not there or is no library is refused before anything runs") {
  const Workplace place;
  const Finished nowhere = run_headlight({"layers", "--plugin", (place / "none.so").string()});
  CHECK(nowhere.status == 2);
  CHECK_THAT(nowhere.err, Contains("there is no file"));
  const Finished text = run_headlight({"layers", "--plugin", place.config()});
  CHECK(text.status == 2);
  CHECK_THAT(text.err, Contains("cannot be loaded"));
}
