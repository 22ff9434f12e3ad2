// Circuits of whole models: those of the induction program are known.
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/heads/circuits.h"
#include "tests/apps/heads/heads_testing.h"

using namespace headlight;
using headlight::testing::Built;
using headlight::testing::built_from;

TEST_CASE("The weights of the induction program show its circuit") {
  const config::Config config =
      config::read_config({HEADLIGHT_SOURCE_DIR "/tests/reference/programs/induction.json"}, {}).config;
  const std::unique_ptr<Task> task = make_task(config);
  const std::unique_ptr<Model> model = build_model(config, *task);
  const Circuits circuits = read_circuits(*model, *task, composed_model(config.model, *task));
  CHECK(circuits.notes.empty());
  REQUIRE(circuits.heads.size() == 2);
  // Layer 0 reads the previous position by position alone; its first row reads itself.
  CHECK(circuits.heads[0].previous_token.value() >= 0.99);
  CHECK_FALSE(circuits.heads[0].key.has_value());
  // Layer 1 looks in its keys for what layer 0 copied there, and what it reads raises its own logit.
  REQUIRE(circuits.heads[1].prefix.has_value());
  CHECK(circuits.heads[1].prefix->value > 0.9);
  CHECK(circuits.heads[1].prefix->earlier.layer == 0);
  CHECK(circuits.heads[1].key->value > circuits.heads[1].query->value);
  CHECK(circuits.heads[1].copying->balance > 0.9);
}

TEST_CASE("Layers whose scores are more than a product of matrices are left out with the reason") {
  constexpr const char* kTask = R"({"type": "reverse", "symbols": 5, "length": 4, "eval": {"examples": 6}})";
  const auto circuits_of = [&](const std::string& model) {
    const Built built = built_from(kTask, model);
    return read_circuits(*built.model, *built.task, composed_model(built.config.model, *built.task));
  };
  const Circuits rotated = circuits_of(R"({"d_model": 8, "heads": 2, "layers": 1, "positions": "rope"})");
  CHECK(rotated.heads.empty());
  REQUIRE(rotated.notes.size() == 1);
  CHECK_THAT(rotated.notes[0], Catch::Contains("enc.self layer 0") && Catch::Contains("positions enter its scores"));
  const Circuits both =
      circuits_of(R"({"arch": "encoder-decoder", "encoder_layers": 1, "decoder_layers": 2, "d_model": 8, "heads": 2})");
  CHECK(both.heads.size() == 10);
  for (const HeadCircuit& head : both.heads) {
    INFO(head.place.block << " " << head.place.layer);
    const bool cross = head.place.block == "dec.cross";
    CHECK(head.copying.has_value() == (head.place.block == "dec.self"));
    CHECK(head.previous_token.has_value() == !cross);
    CHECK(head.query.has_value() == (cross || head.place.layer > 0));
    CHECK(head.key.has_value() == (!cross && head.place.layer > 0));
  }
}
