// A model's parameters: names, order, counts and summary are part of its file format and may not drift.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "layers/summary.h"
#include "tests/common/arrays.h"
#include "tests/layers/model_runs.h"
#include "tests/layers/parameter_names.h"

using namespace headlight;
using namespace headlight::layer_test;

namespace {

/// The published one-layer model of the reverse task (UvA deep learning tutorial 6).
ModelOptions reverse_model() {
  ModelOptions options{.vocabulary = 10,
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
  const Model model(reverse_model(), init);
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
  ModelOptions options{.vocabulary = 16,
                       .d_model = 32,
                       .heads = 4,
                       .d_ff = 64,
                       .layers = 4,
                       .max_len = 12,
                       .positions = Positions::learned};
  const Model model(options, init);
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
  ModelOptions options{.vocabulary = 5, .d_model = 4, .d_ff = 6, .max_len = 3, .norm = NormPlacement::none};
  options.bias = {.embedding = false, .attention = false, .feed_forward = false, .head = false};
  const Model model(options, init);
  CHECK(names_of(model) == std::vector<std::string>{"embedding.weight", "layers.0.attention.query.weight",
                                                    "layers.0.attention.key.weight", "layers.0.attention.value.weight",
                                                    "layers.0.attention.output.weight",
                                                    "layers.0.feed_forward.up.weight",
                                                    "layers.0.feed_forward.down.weight", "head.weight"});
}

TEST_CASE("the summary lists each parameter with shape, count and initialisation, and the total") {
  Init init(1);
  ModelOptions options{
      .vocabulary = 5, .d_model = 4, .heads = 2, .d_ff = 6, .layers = 1, .max_len = 3, .positions = Positions::learned};
  const Model model(options, init);
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

TEST_CASE("a model that cannot be is refused with what is wrong") {
  Init init(1);
  CHECK_THROWS_WITH(Model({.vocabulary = 0, .d_model = 4, .d_ff = 4}, init),
                    "model: a model reads either tokens or vectors; vocabulary 0, features 0; give one of the two");
  CHECK_THROWS_WITH(Model(ModelOptions{.vocabulary = 3}, init), "model: d_model must be at least 1; d_model 0");
  CHECK_THROWS_WITH(Model({.vocabulary = 3, .d_model = 4, .d_ff = 4}, init),
                    "max_len: missing key `max_len` in the model; it cannot be built without");
  CHECK_THROWS_WITH(Model({.vocabulary = 3, .d_model = 12, .heads = 5, .d_ff = 4, .max_len = 4}, init),
                    Catch::Contains("d_model 12 is no multiple of 5 heads; use 4 or 6 heads, or set head_size"));
  CHECK_THROWS_WITH(Model({.vocabulary = 3, .target_vocabulary = 4, .d_model = 4}, init),
                    Catch::Contains("only an encoder_decoder has a target_vocabulary"));
  CHECK_THROWS_WITH(Model({.features = 3, .outputs = 2, .d_model = 4, .max_len = 4, .tie_embeddings = true}, init),
                    Catch::Contains("`tie_embeddings` needs token embeddings"));
  ModelOptions doubled{.vocabulary = 3, .d_model = 4, .max_len = 4};
  doubled.attention.heads = 2;
  CHECK_THROWS_WITH(Model(doubled, init), Catch::Contains("a part of `attention` is said by the model itself"));
}

TEST_CASE("input that does not fit a model is refused before any work") {
  Init init(1);
  Model model(small_model(), init);
  CHECK_THROWS_WITH(model(headlight::testing::tokens({1, 6}, {0, 1, 2, 3, 4, 5}), {}), Catch::Contains("positions"));
  CHECK_THROWS_WITH(model(headlight::testing::tokens({1, 2}, {0, 7}), {}),
                    "embedding: id 7 at (0, 1) of (1, 2) is out of range; V is 7; it must lie in 0 to 6");
  CHECK_THROWS_AS(model(Tensor(zeros({1, 2, 3})), {}), StateError);
  CHECK_THROWS_WITH(model(some_ids(), some_ids(), {}), Catch::Contains("only an encoder-decoder reads a source"));
}

// The counts that the authors of these models publish or that follow from their released weights.
TEST_CASE("published models have exactly their published numbers of parameters") {
  const auto count = [](const ModelOptions& options) {
    Init init(1);
    return parameter_count(Model(options, init));
  };
  ModelOptions nanogpt{.arch = Architecture::decoder, .vocabulary = 65, .d_model = 128, .heads = 4, .layers = 4};
  nanogpt.max_len = 64;
  nanogpt.norm_bias = false;
  nanogpt.positions = Positions::learned;
  nanogpt.tie_embeddings = true;
  nanogpt.bias = {.embedding = false, .attention = false, .feed_forward = false, .head = false};
  CHECK(count(nanogpt) == 804096);
  nanogpt.positions = Positions::none;
  CHECK(count(nanogpt) == 795904);

  ModelOptions makemore{.arch = Architecture::decoder, .vocabulary = 27, .d_model = 64, .heads = 4, .layers = 4};
  makemore.max_len = 16;
  makemore.activation = Activation::gelu_tanh;
  makemore.positions = Positions::learned;
  makemore.bias.head = false;
  CHECK(count(makemore) == 204544);

  // Modular addition: no norms, no biases in the attention, an unembedding of its own.
  ModelOptions grokking{.arch = Architecture::decoder, .vocabulary = 114, .d_model = 128, .heads = 4, .layers = 1};
  grokking.d_ff = 512;
  grokking.max_len = 3;
  grokking.norm = NormPlacement::none;
  grokking.activation = Activation::relu;
  grokking.positions = Positions::learned;
  grokking.predict = Predict::last;
  grokking.bias = {.embedding = false, .attention = false, .feed_forward = true, .head = false};
  CHECK(count(grokking) == 226816);

  ModelOptions induction{.arch = Architecture::decoder, .vocabulary = 128, .d_model = 48, .heads = 4, .layers = 2};
  induction.attention_only = true;
  induction.max_len = 85;
  induction.norm = NormPlacement::none;
  induction.positions = Positions::learned;
  induction.bias = {.embedding = false, .attention = false, .feed_forward = false, .head = false};
  CHECK(count(induction) == 34800);

  ModelOptions annotated{.arch = Architecture::encoder_decoder, .vocabulary = 11, .d_model = 512, .heads = 8};
  annotated.d_ff = 2048;
  annotated.layers = 2;
  annotated.max_len = 10;
  annotated.activation = Activation::relu;
  annotated.scale_embeddings = true;
  CHECK(count(annotated) == 14731787);

  // Three-digit addition: ten digits, plus and equals; without the table of positions.
  ModelOptions tiny{.arch = Architecture::decoder, .vocabulary = 12, .d_model = 64, .heads = 4, .layers = 4};
  tiny.max_len = 12;
  tiny.positions = Positions::none;
  tiny.tie_embeddings = true;
  tiny.bias.head = false;
  INFO("tiny " << count(tiny));
  CHECK(count(tiny) == 200832);
}

TEST_CASE("an encoder-decoder has two stacks with the names of a stack each") {
  Init init(1);
  const Model model({.arch = Architecture::encoder_decoder,
                     .vocabulary = 5,
                     .target_vocabulary = 6,
                     .d_model = 4,
                     .d_ff = 6,
                     .layers = 1,
                     .max_len = 3},
                    init);
  const std::vector<std::string> names = names_of(model);
  const auto has = [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  CHECK(names.front() == "encoder.embedding.weight");
  for (const char* name : {"encoder.layers.0.attention.query.weight", "encoder.layers.0.feed_forward_norm.gain",
                           "encoder.final_norm.gain", "decoder.embedding.weight",
                           "decoder.layers.0.attention.query.weight", "decoder.layers.0.cross_attention.key.weight",
                           "decoder.layers.0.cross_attention_norm.bias", "decoder.final_norm.bias", "head.weight"}) {
    INFO(name);
    CHECK(has(name));
  }
}
