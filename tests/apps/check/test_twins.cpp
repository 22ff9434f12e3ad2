// Both precisions together: every registered layer and every shipped config keeps what it promises.
#include <filesystem>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/check/layer_defaults.h"
#include "apps/check/twins.h"
#include "apps/config/read.h"
#include "apps/tasks/registry.h"
#include "core/error.h"
#include "tests/apps/headlight/cli_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Json = nlohmann::json;

namespace {

/// The time is told, not judged: it depends on the machine.
void tell_time(const CheckReport& report) { SUCCEED(report.subject << ": " << report.seconds() << " s"); }

void passes(const Json& layer) {
  const CheckReport report = check_registered_layer(layer);
  INFO(to_string(report));
  CHECK(report.passed());
  CHECK(report.row("gradients: inputs").verdict == Verdict::passed);
  tell_time(report);
}

}  // namespace

TEST_CASE("every layer that the program knows passes with its default sizes") {
  const std::vector<std::string> types = lines_of(headlight::testing::run_headlight({"layers"}).out);
  CHECK(types.size() >= 10);
  for (const std::string& type : types) passes({{"type", type}});
}

TEST_CASE("layers pass with other options too") {
  passes(Json::parse(R"({"type": "gated_residual", "dim": 6})"));
  passes(Json::parse(R"({"type": "dense", "in": 5, "out": 9, "activation": "relu", "bias": false})"));
  passes(Json::parse(R"({"type": "feed_forward", "d_model": 4, "d_ff": 12, "dropout": 0.3})"));
  passes(Json::parse(R"({"type": "multi_head_attention", "d_model": 12, "heads": 3, "dropout": 0.2, "bias": false})"));
  passes(Json::parse(R"({"type": "multi_head_attention", "d_model": 8, "heads": 2, "cross": true, "key_width": 5})"));
  passes(
      Json::parse(R"({"type": "multi_head_attention", "d_model": 8, "heads": 2, "cross": true, "value": "conv1d"})"));
  passes(Json::parse(R"({"type": "residual", "norm": "none", "dropout": 0.1})"));
  passes(Json::parse(R"({"type": "residual", "norm": "pre", "norm_type": "batch"})"));
  passes(Json::parse(R"({"type": "batch_norm", "width": 5, "per_position": true, "max_len": 12})"));
  passes(Json::parse(R"({"type": "conv1d", "in": 4, "out": 5, "kernel": 2, "causal": true})"));
  passes(Json::parse(R"({"type": "linear_head", "width": 4, "outputs": 3, "predict": "last"})"));
  passes(Json::parse(R"({"type": "mlp_head", "width": 4, "outputs": 3, "predict": "pooled"})"));
  passes(Json::parse(R"({"type": "pointer_head", "width": 4, "query": "pooled"})"));
  passes(Json::parse(R"({"type": "learned_positions", "max_len": 8, "width": 4, "randomised": 20})"));
  passes(Json::parse(
      R"({"type": "block", "norm": "sandwich", "norm_type": "batch", "residual": "gated", "dropout": 0.1})"));
  passes(Json::parse(R"({"type": "sequential", "layers": [{"type": "conv1d", "in": 8, "out": 8},
      {"type": "multi_head_attention", "d_model": 8, "heads": 2}]})"));
  passes(Json::parse(R"({"type": "residual", "norm": "post", "width": 8,
                         "body": {"type": "multi_head_attention", "d_model": 8, "heads": 2}})"));
  passes(Json::parse(R"({"type": "sequential", "layers": [
      {"type": "sinusoidal_positions", "max_len": 12, "width": 8},
      {"type": "residual", "width": 8, "body": {"type": "multi_head_attention", "d_model": 8, "heads": 4}},
      {"type": "residual", "width": 8, "body": {"type": "multi_head_attention", "d_model": 8}},
      {"type": "gated_residual", "dim": 8}]})"));
}

TEST_CASE("attention passes with each of its options, and promises no equivariance where order matters") {
  for (const char* option : {R"("positions": "rope")", R"("positions": "alibi")", R"("positions": "relative")",
                             R"("window": 3)", R"("value": "conv1d")"}) {
    const std::string json =
        std::string(R"({"type": "multi_head_attention", "d_model": 8, "heads": 2, )") + option + "}";
    passes(Json::parse(json));
    CHECK(check_registered_layer(Json::parse(json)).row("permutation").verdict == Verdict::not_applicable);
  }
  for (const char* option : {R"("kv_heads": 1)", R"("qk_norm": true)", R"("talking_heads": true)",
                             R"("score": "additive")", R"("weights": "sigmoid")", R"("combine": "sum")"}) {
    const std::string json =
        std::string(R"({"type": "multi_head_attention", "d_model": 8, "heads": 2, )") + option + "}";
    passes(Json::parse(json));
    CHECK(check_registered_layer(Json::parse(json)).row("permutation").verdict == Verdict::passed);
  }
}

TEST_CASE("the reach of a window grows with the attention layers behind one another, and no farther") {
  const Json attention{{"type", "multi_head_attention"}, {"d_model", 8}};
  const auto window = [](const Json& layers) {
    return check_registered_layer({{"type", "sequential"}, {"layers", layers}}).row("leak: window").figure;
  };
  // Windows of 2 in a row reach 1, 2, 3 keys back: of 7 queries, 13, 18 and 22 pairs in each of 3 members.
  CHECK(window(Json::array({attention})) == "39 of 39 allowed pairs, no other");
  CHECK(window(Json::array({attention, attention})) == "54 of 54 allowed pairs, no other");
  CHECK(window(Json::array({attention, attention, attention})) == "66 of 66 allowed pairs, no other");
}

TEST_CASE("a user's layer without its keys is an error that names a command with them") {
  CHECK_THAT(headlight::testing::message_of<ConfigError>([] {
               check_registered_layer({{"type", "gated_residual"}});
             }),
             Catch::EndsWith("for example: headlight check --layer gated_residual dim=8"));
  CHECK_THROWS_AS(check_registered_layer({{"type", "nobody"}}), ConfigError);
}

TEST_CASE("a layer that is not linked in double fails its gradients, and says how to link it") {
  const CheckReport report = check_registered_layer({{"type", "float_alone"}});
  CHECK(report.rows_with(Verdict::failed) == std::vector<std::string>{"gradients: inputs", "gradients: parameters"});
  CHECK_THAT(report.row("gradients: inputs").figure,
             Catch::Contains("the double twin cannot be run") && Catch::Contains("no layer type `float_alone`"));
  CHECK_THAT(report.row("gradients: inputs").advice, Catch::Contains("_f64"));
}

TEST_CASE("the shipped configs pass") {
  std::size_t configs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(HEADLIGHT_SOURCE_DIR "/data/configs")) {
    const std::string name = entry.path().stem().string();
    // Their file is the user's to name; and those that differ from formal and rasp in the task alone.
    if (name == "text" || name == "lines" || name.starts_with("formal-") || name.starts_with("rasp-")) continue;
    config::LoadedConfig loaded = config::read_config({entry.path()});
    make_task(loaded);
    if (loaded.config.model.d_model > 128) continue;  // many seconds each: `headlight check` shows them
    const CheckReport report = check_model(loaded.config);
    INFO(to_string(report));
    CHECK(report.passed());
    CHECK(report.row("gradients: parameters").verdict == Verdict::passed);
    tell_time(report);
    ++configs;
  }
  CHECK(configs >= 15);
}

TEST_CASE("a model is checked with its own dropout, and without it where modes are compared") {
  const std::string path = HEADLIGHT_SOURCE_DIR "/data/configs/reverse.json";
  for (const std::vector<std::string>& overrides :
       std::vector<std::vector<std::string>>{{"model.dropout=0.2", "model.layers=2", "model.d_model=8",
                                              "model.heads=2"},
                                             {"model.positions=none", "model.norm=pre", "model.activation=gelu"},
                                             {"model.positions=learned", "model.head=linear", "model.layers=3"}}) {
    const CheckReport report = check_model(config::read_config({path}, overrides).config);
    INFO(to_string(report));
    CHECK(report.passed());
    CHECK(report.row("training mode").verdict == Verdict::passed);
    const bool positions = overrides.front() != "model.positions=none";
    CHECK((report.row("permutation").verdict == Verdict::not_applicable) == positions);
  }
}
