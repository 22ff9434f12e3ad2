#include <utility>

#include "layers/embedding.h"
#include "layers/models/encoder.h"
#include "tests/common/arrays.h"
#include "tests/layers/layer_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

using testing::drawn;
using testing::tokens;

namespace {

LayerCase embedding(const std::string& what, const EmbeddingOptions& options, Tokens ids) {
  return {.type = "",
          .class_name = "Embedding",
          .what = what,
          .make = [options](Init& init) { return std::make_unique<Embedding>(options, init); },
          .run = [ids](Module& module, const std::vector<Tensor>&) { return dynamic_cast<Embedding&>(module)(ids); },
          .inputs = {}};
}

LayerCase block(const std::string& what, const EncoderOptions& options, Mask mask, Array x) {
  return {.type = "",
          .class_name = "EncoderBlock",
          .what = what,
          .make = [options](Init& init) { return std::make_unique<EncoderBlock>(options, init); },
          .run =
              [mask](Module& module, const std::vector<Tensor>& inputs) {
                return dynamic_cast<EncoderBlock&>(module)(inputs.at(0), {.mask = mask});
              },
          .inputs = {std::move(x)}};
}

LayerCase encoder(const std::string& what, const EncoderOptions& options, const Context& context, Tokens ids) {
  return {.type = "",
          .class_name = "Encoder",
          .what = what,
          .make = [options](Init& init) { return std::make_unique<Encoder>(options, init); },
          .run =
              [context, ids](Module& module, const std::vector<Tensor>&) {
                StepRandom random(11, 5);
                Context own = context;
                if (own.training) own.random = &random;
                return dynamic_cast<Encoder&>(module)(ids, own);
              },
          .inputs = {}};
}

}  // namespace

std::vector<LayerCase> model_cases() {
  std::vector<LayerCase> cases;
  cases.push_back(embedding("an id twice", {.vocabulary = 5, .width = 3}, tokens({2, 3}, {0, 4, 4, 1, 4, 2})));
  cases.push_back(embedding("a bias", {.vocabulary = 4, .width = 2, .bias = true}, tokens({3}, {3, 0, 3})));
  cases.push_back(embedding("scaled", {.vocabulary = 3, .width = 5, .scale = true}, tokens({1, 2}, {2, 1})));
  cases.push_back(embedding("one by one", {.vocabulary = 1, .width = 1}, tokens({1, 1}, {0})));
  cases.push_back(
      embedding("a single id", {.vocabulary = 6, .width = 4, .bias = true, .scale = true}, tokens({}, {5})));

  const EncoderOptions narrow{.d_model = 4, .heads = 2, .d_ff = 5, .activation = Activation::silu};
  cases.push_back(block("pre-norm", narrow, {}, drawn({2, 3, 4}, -1, 1, 50)));
  EncoderOptions options = narrow;
  options.norm = NormPlacement::post;
  cases.push_back(block("post-norm, causal", options, Mask::causal(), drawn({2, 3, 4}, -1, 1, 51)));
  options.norm = NormPlacement::none;
  cases.push_back(block("without norm, padding", options, Mask::padding({2, 3}), drawn({2, 3, 4}, -1, 1, 52)));
  options = narrow;
  options.head_size = 3;
  options.bias.attention = false;
  options.bias.feed_forward = false;
  options.norm_bias = false;
  cases.push_back(block("without biases", options, {}, drawn({1, 2, 4}, -1, 1, 53)));
  cases.push_back(
      block("one position, one channel", {.d_model = 1, .d_ff = 1, .norm_eps = 0.5}, {}, drawn({1, 1, 1}, -1, 1, 54)));

  const Tokens ids = tokens({2, 3}, {0, 1, 2, 4, 1, 1});
  EncoderOptions model{
      .vocabulary = 5, .d_model = 4, .heads = 2, .d_ff = 6, .layers = 2, .max_len = 4, .activation = Activation::gelu};
  cases.push_back(encoder("pre-norm, sinusoidal", model, {}, ids));
  model.norm = NormPlacement::post;
  model.head = HeadKind::mlp;
  model.bias.embedding = true;
  cases.push_back(encoder("post-norm, mlp head", model, {.mask = Mask::causal()}, ids));
  model.positions = Positions::learned;
  model.final_norm = true;
  model.classes = 3;
  model.scale_embeddings = true;
  cases.push_back(encoder("learned positions, other classes", model, {.mask = Mask::padding({3, 2})}, ids));
  model.norm = NormPlacement::none;
  model.positions = Positions::none;
  model.bias.head = false;
  cases.push_back(encoder("without norm and positions", model, {}, ids));
  model = {.vocabulary = 5, .d_model = 4, .heads = 2, .d_ff = 6, .layers = 1, .max_len = 3};
  model.dropout = {.embedding = 0.1, .input = 0.2, .attention = 0.3, .residual = 0.4, .feed_forward = 0.5};
  cases.push_back(encoder("every dropout, while training", model, {.training = true}, ids));
  cases.push_back(
      encoder("no layer at all", {.vocabulary = 5, .d_model = 3, .d_ff = 1, .layers = 0, .max_len = 3}, {}, ids));
  return cases;
}

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
