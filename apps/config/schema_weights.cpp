// Keys of `model` that say what its weights are: dropout, biases, ties, first values, a file.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

const char* init_scheme(const Config& c) {
  if (!c.compat) return "xavier_uniform";
  return is_keras(c) ? "keras" : "torch";
}

using C = Config;
using Model = ModelConfig;

}  // namespace

std::vector<Key> weights_rows() {
  const Type share = number({.from = 0, .below = 1});
  return {
      {.path = "model.dropout",
       .type = either(share, object()),
       .doc = "dropout probabilities; a number is taken for embedding, attention, residual and ff",
       .alias = "dropout"},
      {.path = "model.dropout.embedding",
       .type = share,
       .fallback = is(0.0),
       .doc = "on the embeddings, before positions are added",
       .field = at(&C::model, &Model::dropout, &DropoutConfig::embedding)},
      {.path = "model.dropout.input",
       .type = share,
       .fallback = is(0.0),
       .doc = "on what enters the first block",
       .field = at(&C::model, &Model::dropout, &DropoutConfig::input),
       .named_only = true},
      {.path = "model.dropout.attention",
       .type = share,
       .fallback = is(0.0),
       .doc = "on the attention weights",
       .field = at(&C::model, &Model::dropout, &DropoutConfig::attention),
       .needs = {preset()}},
      {.path = "model.dropout.residual",
       .type = share,
       .fallback = is(0.0),
       .doc = "on what a sublayer adds to the residual stream",
       .field = at(&C::model, &Model::dropout, &DropoutConfig::residual),
       .needs = {preset()}},
      {.path = "model.dropout.ff",
       .type = share,
       .fallback = is(0.0),
       .doc = "after the feed-forward activation",
       .field = at(&C::model, &Model::dropout, &DropoutConfig::ff),
       .needs = {preset(), feed_forward()}},
      {.path = "model.bias",
       .type = either(boolean(), object()),
       .doc = "which linear maps have a bias; true or false is taken for attention, ff and head"},
      {.path = "model.bias.embedding",
       .type = boolean(),
       .fallback = is(false),
       .doc = "the embedding (a linear map of one-hot symbols)",
       .field = at(&C::model, &Model::bias, &BiasConfig::embedding),
       .named_only = true},
      {.path = "model.bias.attention",
       .type = boolean(),
       .fallback = is(true),
       .doc = "query, key, value and output",
       .field = at(&C::model, &Model::bias, &BiasConfig::attention),
       .needs = {preset()}},
      {.path = "model.bias.ff",
       .type = boolean(),
       .fallback = is(true),
       .doc = "the feed-forward layers",
       .field = at(&C::model, &Model::bias, &BiasConfig::ff),
       .needs = {preset(), feed_forward()}},
      {.path = "model.bias.head",
       .type = boolean(),
       .fallback = is(true),
       .doc = "the output head",
       .field = at(&C::model, &Model::bias, &BiasConfig::head)},
      {.path = "model.tie_embeddings",
       .type = boolean(),
       .fallback = is(false),
       .doc = "the output head multiplies by the embedding's own matrix",
       .field = at(&C::model, &Model::tie_embeddings)},
      {.path = "model.scale_embeddings",
       .type = boolean(),
       .fallback = is(false),
       .doc = "multiply embeddings by the square root of d_model",
       .field = at(&C::model, &Model::scale_embeddings)},
      {.path = "model.init", .type = object(), .doc = "initial weights"},
      {.path = "model.init.scheme",
       .type = choice<InitScheme>({{"normal", InitScheme::kNormal},
                                   {"xavier_uniform", InitScheme::kXavierUniform},
                                   {"torch", InitScheme::kTorch},
                                   {"keras", InitScheme::kKeras},
                                   {"scaled_normal", InitScheme::kScaledNormal}}),
       .fallback = derived("xavier_uniform, or as `compat` says", [](const C& c) { return init_scheme(c); }),
       .doc = "distribution of the matrices; torch and keras are those frameworks' defaults",
       .field = at(&C::model, &Model::init, &InitConfig::scheme)},
      {.path = "model.init.std",
       .type = number({.above = 0, .to = 100}),
       .fallback = is(0.02),
       .doc = "standard deviation",
       .field = at(&C::model, &Model::init, &InitConfig::std),
       .only = only_for("scheme", {"normal"})},
      {.path = "model.init.embedding_std",
       .type = number({.above = 0, .to = 100}),
       .fallback = absent("as the scheme says"),
       .doc = "standard deviation of the table of token embeddings, or of the matrix that takes vectors",
       .field = at(&C::model, &Model::init, &InitConfig::embedding_std)},
      {.path = "model.init.head_std",
       .type = number({.above = 0, .to = 100}),
       .fallback = absent("as the scheme says"),
       .doc = "standard deviation of the output head's last matrix",
       .field = at(&C::model, &Model::init, &InitConfig::head_std)},
      {.path = "model.init.residual_scale",
       .type = either(boolean(), integer(1, 1e6)),
       .fallback = is(false),
       .doc = "divide the maps that write into the residual stream by the square root of how many of them a stack has; "
              "a number says how many",
       .field = at(&C::model, &Model::init, &InitConfig::residual_scale)},
      {.path = "model.load", .type = object(), .fallback = absent("nothing is loaded"), .doc = "weights to start from"},
      {.path = "model.load.file",
       .type = text(TextRule::kPath),
       .fallback = required(),
       .doc = "a safetensors file; a relative path starts from the directory of the config",
       .field = at(&C::model, &Model::load, &LoadConfig::file)},
      {.path = "model.load.rename",
       .type = text_map(),
       .fallback = absent("names agree"),
       .doc = "name of a tensor in the file -> name of our parameter, or \"\" to leave it out; beginnings of names "
              "that end "
              "with a dot rename all that begin so. PyTorch's and GPT-2's own names are known",
       .field = at(&C::model, &Model::load, &LoadConfig::rename)},
  };
}

}  // namespace headlight::config::schema
