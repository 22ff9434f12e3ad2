// Curves of a run, from figures written down here.
#include <limits>

#include <catch2/catch.hpp>

#include "apps/export/run_chart.h"
#include "core/error.h"

using namespace headlight;

TEST_CASE("The curves of a run are its losses, its accuracies, and the head that reads most of the right keys") {
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  ViewRun run;
  run.name = "copy/a";
  run.scalars = {{.split = "train", .name = "loss", .steps = {1, 2}, .values = {3, 2}},
                 {.split = "train", .name = "lr", .steps = {1, 2}, .values = {0.1, 0.1}},
                 {.split = "eval", .name = "loss", .steps = {2}, .values = {2.5}},
                 {.split = "eval", .name = "seq_acc", .steps = {2}, .values = {0.5}}};
  // The second layer of cross-attention has another number of heads than the first, and so a block of its own.
  run.blocks = {{.name = "enc.self", .kind = "enc.self", .heads = 1, .layer_names = {"a"}, .layer_numbers = {0}},
                {.name = "dec.cross.2", .kind = "dec.cross", .heads = 2, .layer_names = {"b"}, .layer_numbers = {1}}};
  run.head_stats = ViewHeadStats{.steps = {0, 2},
                                 .heads = {{0, 0, 0}, {1, 0, 0}, {1, 0, 1}},
                                 .columns = {"pattern.diag.n", "pattern.diag.score"},
                                 .values = {kNone, kNone, 9, 0.5F, 9, 0.25F,    // head 0 leads at first,
                                            kNone, kNone, 9, 0.5F, 9, 0.75F}};  // head 1 in the end
  const Chart chart = run_chart(run);
  CHECK(chart.subtitle == "run copy/a");
  REQUIRE(chart.panels.size() == 3);
  REQUIRE(chart.panels[0].curves.size() == 2);  // without the learning rate
  CHECK(chart.panels[0].curves[0].name == "eval loss");
  CHECK(chart.panels[0].curves[1].values == std::vector<double>{3, 2});
  CHECK_FALSE(chart.panels[0].shares);
  CHECK(chart.panels[1].curves[0].name == "eval seq_acc");
  CHECK(chart.panels[1].shares);
  REQUIRE(chart.panels[2].curves.size() == 1);
  CHECK(chart.panels[2].curves[0].name == "diag (dec.cross layer 1 head 1)");
  CHECK(chart.panels[2].curves[0].steps == std::vector<double>{0, 2});
  CHECK(chart.panels[2].curves[0].values == std::vector<double>{0.25, 0.75});
}

TEST_CASE("A run that has logged nothing has no curves") { CHECK_THROWS_AS(run_chart({}), ConfigError); }
