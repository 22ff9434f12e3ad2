// Activation patching on the induction program, where it is known which head carries what to which position.
#include <vector>

#include <catch2/catch.hpp>

#include "apps/heads/patching.h"
#include "core/error.h"
#include "tests/apps/heads/heads_testing.h"

using namespace headlight;
using headlight::testing::RepeatedTokens;

namespace {

Example reads(std::vector<std::int32_t> input) {
  Example example;
  example.input = std::move(input);
  return example;
}

/// Checks that these cells are 1 and all others 0: the program's logits are 20 times what was read, to 1e-4.
void check_restored(const PatchedLayer& layer, const std::vector<std::size_t>& ones) {
  REQUIRE(layer.heads == 1);
  for (std::size_t position = 0; position < layer.positions; ++position) {
    const bool one = std::find(ones.begin(), ones.end(), position) != ones.end();
    INFO(layer.block << " layer " << layer.layer << ", position " << position);
    CHECK(layer.restored[position] == Approx(one ? 1 : 0).margin(1e-4));
  }
}

}  // namespace

TEST_CASE("Patching finds the positions through which an induction circuit works") {
  const std::unique_ptr<Model> model = headlight::testing::induction_program();
  const RepeatedTokens task;
  SECTION("what followed the earlier copy is another: only the reading head at the end carries the answer") {
    const PatchedRun run = patch_heads(*model, task, reads({0, 3, 5, 1, 2, 3}), reads({0, 3, 6, 1, 2, 3}));
    CHECK(run.row == 5);
    CHECK(run.clean_answer == 5);
    CHECK(run.corrupt_answer == 6);
    CHECK(run.clean_difference == Approx(20).epsilon(1e-4));
    CHECK(run.corrupt_difference == Approx(-20).epsilon(1e-4));
    REQUIRE(run.layers.size() == 2);
    check_restored(run.layers[1], {5});
    CHECK(run.layers[1].whole[0] == Approx(1).margin(1e-4));
    // The first layer's copies are the same at position 2, where the answers stand.
    check_restored(run.layers[0], {});
    CHECK(run.layers[0].whole[0] == Approx(0).margin(1e-4));
  }
  SECTION("the earlier copy itself is another: the copy at the position behind it restores the match") {
    const PatchedRun run = patch_heads(*model, task, reads({0, 3, 5, 4, 6, 3}), reads({0, 4, 5, 3, 6, 3}));
    CHECK(run.clean_answer == 5);
    CHECK(run.corrupt_answer == 6);
    check_restored(run.layers[1], {5});
    // Position 2 matches once it is patched, beside position 4 that the corrupt input matches: both are read alike, the
    // logits are equal, and half of the difference is back. Position 4 patched alone matches no more: the start symbol is
    // read, the logits are both 0. Together they are the clean run.
    for (const std::size_t position : {2U, 4U}) CHECK(run.layers[0].restored[position] == Approx(0.5).margin(1e-4));
    for (const std::size_t position : {0U, 1U, 3U, 5U})
      CHECK(run.layers[0].restored[position] == Approx(0).margin(1e-4));
    CHECK(run.layers[0].whole[0] == Approx(1).margin(1e-4));
  }
}

TEST_CASE("Patching says why it cannot") {
  const std::unique_ptr<Model> model = headlight::testing::induction_program();
  const RepeatedTokens task;
  const Example clean = reads({0, 3, 5, 1, 2, 3});
  CHECK_THROWS_WITH(patch_heads(*model, task, clean, reads({0, 3, 5, 1, 3})), Catch::Contains("differ in length"));
  CHECK_THROWS_WITH(patch_heads(*model, task, clean, clean), Catch::Contains("answers both inputs alike"));
  CHECK_THROWS_WITH(patch_heads(*model, task, clean, reads({0, 3, 6, 1, 2, 3}), 2),
                    Catch::Contains("not asked at position 2") && Catch::Contains("answers at 5"));
}

TEST_CASE("Every position of an encoder-decoder is patched where its layer has queries") {
  const auto built = headlight::testing::built_from(
      R"({"type": "reverse", "symbols": 4, "length": 4, "eval": {"examples": 4}})",
      R"({"arch": "encoder-decoder", "encoder_layers": 1, "decoder_layers": 1, "d_model": 8, "heads": 2})");
  Example clean, corrupt;
  built.task->example({.split = Split::eval, .index = 0}, clean);
  for (std::uint64_t other = 1; other < 4; ++other) {
    built.task->example({.split = Split::eval, .index = other}, corrupt);
    corrupt.begun = clean.begun;
    corrupt.target = clean.target;
    try {
      const PatchedRun run = patch_heads(*built.model, *built.task, clean, corrupt);
      REQUIRE(run.layers.size() == 3);
      CHECK(run.layers[0].positions == 4);
      CHECK(run.layers[1].positions == 5);
      CHECK(run.layers[2].block == "dec.cross");
      // The decoder reads the same in both runs: in the first self-attention there is nothing to restore.
      for (const double restored : run.layers[1].restored) CHECK(restored == Approx(0).margin(1e-3));
      for (const double restored : run.layers[2].whole) CHECK(std::isfinite(restored));
      return;
    } catch (const ConfigError&) {
      continue;  // this model, which has not learned, answers both alike
    }
  }
  FAIL("the model answers all inputs alike");
}
