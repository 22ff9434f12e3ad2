// The encoder's parameters: names, order, counts and summary are part of its file format and may not drift.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "layers/summary.h"
#include "tests/common/arrays.h"
#include "tests/layers/encoder_runs.h"

using namespace headlight;
using namespace headlight::layer_test;

namespace {

std::vector<std::string> names_of(const Module& module) {
  std::vector<std::string> names;
  for (const NamedParameter& parameter : module.parameters()) names.push_back(parameter.name);
  return names;
}

/// The published one-layer model of the reverse task (UvA deep learning tutorial 6).
EncoderOptions reverse_model() {
  EncoderOptions options{.vocabulary = 10,
                         .d_model = 32,
                         .heads = 1,
                         .d_ff = 64,
                         .layers = 1,
                         .max_len = 16,
                         .norm = NormPlacement::post,
                         .activation = Activation::relu,
                         .positions = Positions::sinusoidal,
                         .head = HeadKind::mlp};
  options.bias.embedding = true;
  return options;
}

}  // namespace

TEST_CASE("the model of the reverse task has 10,346 parameters under stable names") {
  Init init(1);
  const Encoder model(reverse_model(), init);
  // The published count: embedding 320 + 32, attention 4 (1024 + 32), norms 2 * 64, feed-forward 2112 + 2080,
  // head 1056 + 64 + 330.
  CHECK(parameter_count(model) == 10346);
  CHECK(names_of(model) == std::vector<std::string>{"embedding.weight",
                                                    "embedding.bias",
                                                    "layers.0.attention.query.weight",
                                                    "layers.0.attention.query.bias",
                                                    "layers.0.attention.key.weight",
                                                    "layers.0.attention.key.bias",
                                                    "layers.0.attention.value.weight",
                                                    "layers.0.attention.value.bias",
                                                    "layers.0.attention.output.weight",
                                                    "layers.0.attention.output.bias",
                                                    "layers.0.attention_norm.gain",
                                                    "layers.0.attention_norm.bias",
                                                    "layers.0.feed_forward.up.weight",
                                                    "layers.0.feed_forward.up.bias",
                                                    "layers.0.feed_forward.down.weight",
                                                    "layers.0.feed_forward.down.bias",
                                                    "layers.0.feed_forward_norm.gain",
                                                    "layers.0.feed_forward_norm.bias",
                                                    "head.hidden.weight",
                                                    "head.hidden.bias",
                                                    "head.norm.gain",
                                                    "head.norm.bias",
                                                    "head.output.weight",
                                                    "head.output.bias"});
}

TEST_CASE("a pre-norm model with learned positions has its parameters under stable names") {
  Init init(1);
  EncoderOptions options{.vocabulary = 16,
                         .d_model = 32,
                         .heads = 4,
                         .d_ff = 64,
                         .layers = 4,
                         .max_len = 12,
                         .positions = Positions::learned};
  const Encoder model(options, init);
  // 16 32 + 12 32 + 4 (4 (1024 + 32) + 2 64 + 2112 + 2080) + 64 + 16 33.
  CHECK(parameter_count(model) == 35664);
  const std::vector<std::string> names = names_of(model);
  REQUIRE(names.size() == 2 + 4 * 16 + 4);
  CHECK(names.at(0) == "embedding.weight");
  CHECK(names.at(1) == "positions.weight");
  for (std::size_t layer = 0; layer < 4; ++layer) {
    const std::string prefix = "layers." + std::to_string(layer) + ".";
    CHECK(names.at(2 + 16 * layer) == prefix + "attention.query.weight");
    CHECK(names.at(17 + 16 * layer) == prefix + "feed_forward_norm.bias");
  }
  CHECK(names.at(66) == "final_norm.gain");
  CHECK(names.at(67) == "final_norm.bias");
  CHECK(names.at(68) == "head.weight");
  CHECK(names.at(69) == "head.bias");
}

TEST_CASE("biases and norms that are switched off leave no parameter") {
  Init init(1);
  EncoderOptions options{.vocabulary = 5, .d_model = 4, .d_ff = 6, .max_len = 3, .norm = NormPlacement::none};
  options.bias = {.embedding = false, .attention = false, .feed_forward = false, .head = false};
  const Encoder model(options, init);
  CHECK(names_of(model) == std::vector<std::string>{"embedding.weight", "layers.0.attention.query.weight",
                                                    "layers.0.attention.key.weight", "layers.0.attention.value.weight",
                                                    "layers.0.attention.output.weight",
                                                    "layers.0.feed_forward.up.weight",
                                                    "layers.0.feed_forward.down.weight", "head.weight"});
}

TEST_CASE("the summary lists each parameter with shape, count and initialisation, and the total") {
  Init init(1);
  EncoderOptions options{
      .vocabulary = 5, .d_model = 4, .heads = 2, .d_ff = 6, .layers = 1, .max_len = 3, .positions = Positions::learned};
  const Encoder model(options, init);
  // Bounds are sqrt(6 / (in + out)): 6 / 9, 6 / 7, 6 / 8, 6 / 10.
  CHECK(summary(model) ==
        "parameter                          shape        count  initialisation\n"
        "embedding.weight                   (5, 4)          20  xavier_uniform +-0.8165\n"
        "positions.weight                   (3, 4)          12  xavier_uniform +-0.9258\n"
        "layers.0.attention.query.weight    (4, 4)          16  xavier_uniform +-0.866\n"
        "layers.0.attention.query.bias      (4)              4  zeros\n"
        "layers.0.attention.key.weight      (4, 4)          16  xavier_uniform +-0.866\n"
        "layers.0.attention.key.bias        (4)              4  zeros\n"
        "layers.0.attention.value.weight    (4, 4)          16  xavier_uniform +-0.866\n"
        "layers.0.attention.value.bias      (4)              4  zeros\n"
        "layers.0.attention.output.weight   (4, 4)          16  xavier_uniform +-0.866\n"
        "layers.0.attention.output.bias     (4)              4  zeros\n"
        "layers.0.attention_norm.gain       (4)              4  ones\n"
        "layers.0.attention_norm.bias       (4)              4  zeros\n"
        "layers.0.feed_forward.up.weight    (6, 4)          24  xavier_uniform +-0.7746\n"
        "layers.0.feed_forward.up.bias      (6)              6  zeros\n"
        "layers.0.feed_forward.down.weight  (4, 6)          24  xavier_uniform +-0.7746\n"
        "layers.0.feed_forward.down.bias    (4)              4  zeros\n"
        "layers.0.feed_forward_norm.gain    (4)              4  ones\n"
        "layers.0.feed_forward_norm.bias    (4)              4  zeros\n"
        "final_norm.gain                    (4)              4  ones\n"
        "final_norm.bias                    (4)              4  zeros\n"
        "head.weight                        (5, 4)          20  xavier_uniform +-0.8165\n"
        "head.bias                          (5)              5  zeros\n"
        "total                                             219\n");
}

TEST_CASE("an encoder that cannot be is refused with what is wrong") {
  Init init(1);
  CHECK_THROWS_WITH(Encoder({.vocabulary = 0, .d_model = 4, .d_ff = 4}, init),
                    "encoder: vocabulary, d_model and d_ff must be at least 1; vocabulary 0, d_model 4, d_ff 4");
  CHECK_THROWS_WITH(Encoder({.vocabulary = 3, .d_model = 4, .d_ff = 0}, init),
                    "encoder: vocabulary, d_model and d_ff must be at least 1; vocabulary 3, d_model 4, d_ff 0");
  CHECK_THROWS_WITH(Encoder({.vocabulary = 3, .d_model = 4, .d_ff = 4}, init),
                    "positions: length and width must be at least 1; max_length 0, width 4");
  CHECK_THROWS_WITH(Encoder({.vocabulary = 3, .d_model = 12, .heads = 5, .d_ff = 4, .max_len = 4}, init),
                    "multi_head_attention: d_model 12 is no multiple of 5 heads; use 4 or 6 heads, or set head_size");
}

TEST_CASE("input that does not fit an encoder is refused before any work") {
  Init init(1);
  Encoder model(small_encoder(), init);
  CHECK_THROWS_WITH(model(headlight::testing::tokens({3}, {0, 1, 2}), {}), "encoder: token ids must be (B, T); (3)");
  CHECK_THROWS_WITH(model(headlight::testing::tokens({1, 6}, {0, 1, 2, 3, 4, 5}), {}),
                    "positions: the sequence has 6 positions, the table 5; x (1, 6, 8); raise model.max_len or shorten "
                    "the input");
  CHECK_THROWS_WITH(model(headlight::testing::tokens({1, 2}, {0, 7}), {}),
                    "embedding: id 7 at (0, 1) of (1, 2) is out of range; V is 7; it must lie in 0 to 6");
}
