#include <utility>

#include "layers/embedding.h"
#include "layers/models/model.h"
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

LayerCase model_of(const std::string& what, const ModelOptions& options, const Context& context, Tokens ids) {
  return {.type = "",
          .class_name = "Model",
          .what = what,
          .make = [options](Init& init) { return std::make_unique<Model>(options, init); },
          .run =
              [context, ids](Module& module, const std::vector<Tensor>&) {
                StepRandom random(11, 5);
                Context own = context;
                if (own.training) own.random = &random;
                return dynamic_cast<Model&>(module)(ids, own);
              },
          .inputs = {}};
}

LayerCase vectors(const std::string& what, const ModelOptions& options, Array x) {
  LayerCase c = model_of(what, options, {}, {});
  c.run = [](Module& module, const std::vector<Tensor>& inputs) {
    return dynamic_cast<Model&>(module)(inputs.at(0), {});
  };
  c.inputs = {std::move(x)};
  return c;
}

LayerCase pair_of(const std::string& what, const ModelOptions& options, Tokens source, Tokens target) {
  LayerCase c = model_of(what, options, {}, {});
  c.run = [source, target](Module& module, const std::vector<Tensor>&) {
    return dynamic_cast<Model&>(module)(source, target, {.memory_mask = Mask::padding({3, 2})});
  };
  return c;
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

  const Tokens ids = tokens({2, 3}, {0, 1, 2, 4, 1, 1});
  ModelOptions model{
      .vocabulary = 5, .d_model = 4, .heads = 2, .d_ff = 6, .layers = 2, .max_len = 4, .activation = Activation::gelu};
  cases.push_back(model_of("pre-norm, sinusoidal", model, {}, ids));
  model.norm = NormPlacement::post;
  model.head = HeadKind::mlp;
  model.bias.embedding = true;
  cases.push_back(model_of("post-norm, mlp head", model, {.mask = Mask::causal()}, ids));
  model.positions = Positions::learned;
  model.final_norm = true;
  model.outputs = 3;
  model.scale_embeddings = true;
  cases.push_back(model_of("learned positions, other classes", model, {.mask = Mask::padding({3, 2})}, ids));
  model.norm = NormPlacement::none;
  model.positions = Positions::none;
  model.bias.head = false;
  cases.push_back(model_of("without norm and positions", model, {}, ids));
  model = {.vocabulary = 5, .d_model = 4, .heads = 2, .d_ff = 6, .layers = 1, .max_len = 3};
  model.dropout = {.embedding = 0.1, .input = 0.2, .attention = 0.3, .residual = 0.4, .feed_forward = 0.5};
  cases.push_back(model_of("every dropout, while training", model, {.training = true}, ids));
  cases.push_back(
      model_of("no layer at all", {.vocabulary = 5, .d_model = 3, .d_ff = 1, .layers = 0, .max_len = 3}, {}, ids));
  model = {.arch = Architecture::decoder, .vocabulary = 5, .d_model = 4, .heads = 2, .d_ff = 6, .max_len = 3};
  model.positions = Positions::rope;
  model.norm = NormPlacement::sandwich;
  model.residual = ResidualKind::scaled;
  model.gated = true;
  model.activation = Activation::silu;
  model.norm_type = NormType::rms;
  cases.push_back(model_of("a decoder with rope, sandwich norms and swiglu", model, {}, ids));
  model.norm = NormPlacement::parallel;
  model.positions = Positions::relative;
  model.predict = Predict::pooled;
  model.outputs = 2;
  cases.push_back(model_of("a pooled decoder with parallel steps", model, {}, ids));
  model = {.vocabulary = 5, .d_model = 4, .heads = 2, .attention_only = true, .max_len = 3};
  model.tie_embeddings = true;
  model.bias.head = false;
  cases.push_back(model_of("attention alone, tied embeddings", model, {}, ids));
  model = {.vocabulary = 5, .d_model = 4, .heads = 2, .d_ff = 6, .max_len = 3, .predict = Predict::pointer};
  cases.push_back(model_of("a pointer", model, {}, ids));
  cases.push_back(vectors("float vectors", {.features = 3, .outputs = 1, .d_model = 4, .d_ff = 5, .max_len = 3},
                          drawn({2, 3, 3}, -1, 1, 60)));
  model = {.arch = Architecture::encoder_decoder,
           .vocabulary = 5,
           .target_vocabulary = 4,
           .d_model = 4,
           .heads = 2,
           .d_ff = 5,
           .encoder_layers = 2,
           .max_len = 3};
  cases.push_back(pair_of("other vocabularies", model, ids, tokens({2, 2}, {0, 3, 1, 1})));
  return cases;
}

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
