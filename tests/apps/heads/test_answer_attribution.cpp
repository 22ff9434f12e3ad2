// Direct logit attribution of a whole model: the parts add up to the logit, or it is refused with the reason.
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/heads/answer_attribution.h"
#include "core/error.h"
#include "tests/apps/heads/heads_testing.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::Built;
using headlight::testing::built_from;

namespace {

constexpr const char* kMirror = R"({"type": "reverse", "symbols": 5, "length": 4, "eval": {"examples": 6}})";

/// Weights that no initialisation leaves at 0 or 1.
void draw_weights(const Built& built) {
  std::uint64_t seed = 3;
  for (const NamedParameter& parameter : built.model->parameters()) {
    parameter.tensor.assign(headlight::testing::drawn(parameter.tensor.shape(), -0.5, 0.5, ++seed));
  }
}

AnswerAttribution attributed(const Built& built, std::size_t row) {
  Example example;
  built.task->example({.split = Split::eval, .index = 0}, example);
  return attribute_answer(*built.model, *built.task, composed_model(built.config.model, *built.task), example, row);
}

std::vector<std::string> names_of(const AnswerAttribution& attribution) {
  std::vector<std::string> names;
  for (const AnswerAttribution::Part& part : attribution.parts) names.push_back(part.name);
  return names;
}

void check_sums(const AnswerAttribution& attribution) {
  double logit = 0, margin = 0;
  for (const AnswerAttribution::Part& part : attribution.parts) {
    logit += part.logit;
    margin += part.margin;
  }
  // Sums of some hundred products of size 1 in float.
  CHECK(logit == Approx(attribution.logit).margin(1e-4));
  CHECK(margin == Approx(attribution.margin).margin(1e-4));
  CHECK(attribution.margin >= 0);
  CHECK(attribution.answer != attribution.other);
}

}  // namespace

TEST_CASE("The parts of an answer add up to its logit, in every model in which they can") {
  for (const char* model :
       {R"({"d_model": 8, "heads": 2, "layers": 2})",
        R"({"arch": "decoder", "d_model": 8, "heads": 4, "kv_heads": 2, "layers": 2, "tie_embeddings": true})",
        R"({"arch": "decoder", "d_model": 8, "heads": 2, "layers": 1, "norm_type": "rms", "positions": "rope"})",
        R"({"arch": "encoder-decoder", "encoder_layers": 1, "decoder_layers": 2, "d_model": 8, "heads": 2})",
        R"({"d_model": 8, "heads": 2, "layers": 2, "norm": "none", "bias": {"attention": false, "head": false}})",
        R"({"d_model": 8, "heads": 2, "layers": 2, "norm": "parallel"})",
        R"({"d_model": 8, "heads": 2, "attention_only": true, "layers": 2, "attention": {"combine": "sum"}})"}) {
    INFO(model);
    const Built built = built_from(kMirror, model);
    draw_weights(built);
    for (const std::size_t row : {0U, 3U}) check_sums(attributed(built, row));
  }
}

TEST_CASE("Parts are named after what they are") {
  const Built built = built_from(kMirror, R"({"d_model": 8, "heads": 2, "layers": 1})");
  CHECK(names_of(attributed(built, 1)) ==
        std::vector<std::string>{"embedding", "positions", "enc.self.layer0.head.0", "enc.self.layer0.head.1",
                                 "enc.self.layer0.output.bias", "layers.0.feed_forward", "final_norm.bias",
                                 "head.bias"});
}

TEST_CASE("A model that answers once, at the last position or from the mean over all, is split too") {
  const Built last = built_from(R"({"type": "modular", "op": "+", "p": 5, "fraction": 0.5})",
                                R"({"arch": "decoder", "d_model": 8, "heads": 2, "layers": 1})");
  REQUIRE(last.model->predict() == Predict::last);
  draw_weights(last);
  check_sums(attributed(last, 0));
  const Built pooled = built_from(
      R"({"type": "jsonl", "train_file": ")" HEADLIGHT_SOURCE_DIR
      R"(/data/samples/sums.jsonl", "split": 0.9, "predict": "pooled", "input": {"field": "input", "kind": "chars"},
         "target": {"field": "target", "kind": "class"}})",
      R"({"arch": "encoder", "d_model": 8, "heads": 2, "layers": 1, "max_len": 8})");
  REQUIRE(pooled.model->predict() == Predict::pooled);
  draw_weights(pooled);
  check_sums(attributed(pooled, 0));
}

TEST_CASE("Where logits are no sum of parts, attribution says why") {
  const auto refusal = [](const std::string& model) {
    const Built built = built_from(kMirror, model);
    try {
      attributed(built, 0);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("it was not refused");
  };
  CHECK_THAT(refusal(R"({"d_model": 8, "layers": 1, "norm": "post"})"), Catch::Contains("`layers.0` has post-norm"));
  CHECK_THAT(refusal(R"({"d_model": 8, "layers": 1, "norm": "sandwich"})"), Catch::Contains("sandwich-norm"));
  CHECK_THAT(refusal(R"({"d_model": 8, "layers": 1, "residual": "gated"})"), Catch::Contains("gated, not plain"));
  CHECK_THAT(refusal(R"({"d_model": 8, "layers": 1, "skip_scale": 2})"), Catch::Contains("skip_scale"));
  CHECK_THAT(refusal(R"({"d_model": 8, "layers": 1, "head": "mlp"})"), Catch::Contains("mlp, not linear"));
  CHECK_THAT(refusal(R"({"arch": "encoder", "d_model": 8, "blocks": [{"type": "dense", "in": 8, "out": 8}]})"),
             Catch::Contains("`layers.0` is a dense"));
}
