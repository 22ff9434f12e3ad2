// Keys of `model`, but for those of its attention.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

constexpr double kFloatEpsilon = 0x1p-23;  // of a float: PyTorch's default in RMSNorm

double norm_eps(const Config& c) {
  if (c.model.norm_type == NormType::kRms && c.compat) return is_keras(c) ? 1e-6 : kFloatEpsilon;
  return is_keras(c) ? 1e-3 : 1e-5;
}

const char* arch_default(const Config& c) {
  const TaskType type = c.task.type;
  const bool forwards = type == TaskType::kAddition || type == TaskType::kInduction || type == TaskType::kRecall ||
                        type == TaskType::kMqar || type == TaskType::kLinreg;
  return forwards ? "decoder" : "encoder";
}

using C = Config;
using Model = ModelConfig;

}  // namespace

std::vector<Key> model_rows() {
  return {
      {.path = "model", .type = object(), .doc = "the network"},
      {.path = "model.arch",
       .type = choice<Arch>(
           {{"encoder", Arch::kEncoder}, {"decoder", Arch::kDecoder}, {"encoder-decoder", Arch::kEncoderDecoder}}),
       .fallback = derived("encoder; decoder with addition, induction, recall, mqar and linreg",
                           [](const C& c) { return arch_default(c); }),
       .doc = "the kind of Transformer: every position sees all, or only earlier ones, or an encoder read by a decoder",
       .field = at(&C::model, &Model::arch)},
      {.path = "model.blocks",
       .type = layers(),
       .fallback = absent("made from the keys below"),
       .doc = "the layers between embedding and head, written out; of an encoder-decoder, those of the decoder",
       .field = at(&C::model, &Model::blocks)},
      {.path = "model.encoder_blocks",
       .type = layers(),
       .fallback = absent("made from the keys below"),
       .doc = "the layers of the encoder, written out",
       .field = at(&C::model, &Model::encoder_blocks),
       .only = only_for("arch", {"encoder-decoder"})},
      {.path = "model.d_model",
       .type = integer(1, 16384),
       .fallback = is(64),
       .doc = "width of the residual stream, in channels",
       .field = at(&C::model, &Model::d_model),
       .alias = "d_model"},
      {.path = "model.heads",
       .type = integer(1, 1024),
       .fallback = is(4),
       .doc = "attention heads per layer",
       .field = at(&C::model, &Model::heads),
       .needs = {preset()},
       .alias = "heads"},
      {.path = "model.kv_heads",
       .type = integer(1, 1024),
       .fallback = derived("heads", [](const C& c) { return c.model.heads; }),
       .doc = "heads of keys and values, each shared by heads / kv_heads queries (Ainslie et al. 2023)",
       .field = at(&C::model, &Model::kv_heads),
       .needs = {preset()}},
      {.path = "model.head_dim",
       .type = integer(1, 16384),
       .fallback = derived("d_model / heads",
                           [](const C& c) { return c.model.heads == 0 ? 0 : c.model.d_model / c.model.heads; }),
       .doc = "channels of one head",
       .field = at(&C::model, &Model::head_dim),
       .needs = {preset()}},
      {.path = "model.layers",
       .type = integer(1, 256),
       .fallback = is(2),
       .doc = "number of blocks",
       .field = at(&C::model, &Model::layers),
       .only = only_for("arch", {"encoder", "decoder"}),
       .needs = {preset()},
       .alias = "layers"},
      {.path = "model.encoder_layers",
       .type = integer(1, 256),
       .fallback = is(2),
       .doc = "number of blocks of the encoder",
       .field = at(&C::model, &Model::encoder_layers),
       .only = only_for("arch", {"encoder-decoder"}),
       .needs = {preset()}},
      {.path = "model.decoder_layers",
       .type = integer(1, 256),
       .fallback = is(2),
       .doc = "number of blocks of the decoder",
       .field = at(&C::model, &Model::decoder_layers),
       .only = only_for("arch", {"encoder-decoder"}),
       .needs = {preset()}},
      {.path = "model.attention_only",
       .type = boolean(),
       .fallback = is(false),
       .doc = "blocks without feed-forward layers",
       .field = at(&C::model, &Model::attention_only),
       .needs = {preset()}},
      {.path = "model.d_ff",
       .type = integer(1, 65536),
       .fallback = derived("4 * d_model", [](const C& c) { return 4 * c.model.d_model; }),
       .doc = "inner width of the feed-forward layers, in channels",
       .field = at(&C::model, &Model::d_ff),
       .needs = {preset(), feed_forward()}},
      {.path = "model.norm",
       .type = choice<Norm>({{"pre", Norm::kPre},
                             {"post", Norm::kPost},
                             {"sandwich", Norm::kSandwich},
                             {"parallel", Norm::kParallel},
                             {"none", Norm::kNone}}),
       .fallback = is("pre"),
       .doc =
           "norm before each sublayer, after the residual sum, before and after the sublayer, one norm for attention "
           "and feed-forward side by side, or none",
       .field = at(&C::model, &Model::norm),
       .needs = {preset()}},
      {.path = "model.residual",
       .type = choice<ResidualKind>(
           {{"plain", ResidualKind::kPlain}, {"scaled", ResidualKind::kScaled}, {"gated", ResidualKind::kGated}}),
       .fallback = is("plain"),
       .doc = "what a sublayer adds: its result, times a learned factor, or through a learned gate",
       .field = at(&C::model, &Model::residual),
       .needs = {preset()}},
      {.path = "model.skip_scale",
       .type = number({.above = 0, .to = 100}),
       .fallback = is(1),
       .doc = "factor of what a sublayer adds to, its own input: alpha of DeepNet (Wang et al. 2022)",
       .field = at(&C::model, &Model::skip_scale),
       .needs = {preset(),
                 need([](const C& c) { return c.model.residual != ResidualKind::kGated; },
                      "a gated residual shares out its input by itself",
                      "remove it, or take `model.residual` \"plain\" or \"scaled\""),
                 need([](const C& c) { return c.model.norm != Norm::kParallel; },
                      "a parallel block has two sublayers side by side, each of which would scale its input",
                      "remove it, or take another `model.norm`")}},
      {.path = "model.head",
       .type = choice<Head>({{"linear", Head::kLinear}, {"mlp", Head::kMlp}}),
       .fallback = is("linear"),
       .doc = "output head; mlp is Linear, LayerNorm, activation, Linear",
       .field = at(&C::model, &Model::head)},
      {.path = "model.final_norm",
       .type = boolean(),
       .fallback = derived("true with norm \"pre\", \"sandwich\" and \"parallel\"",
                           [](const C& c) {
                             const bool ends_in_norm = c.model.norm == Norm::kPost || c.model.norm == Norm::kNone;
                             return is_preset(c) && !ends_in_norm;
                           }),
       .doc = "one more norm after the last block",
       .field = at(&C::model, &Model::final_norm)},
      {.path = "model.norm_type",
       .type = choice<NormType>({{"layer", NormType::kLayer}, {"rms", NormType::kRms}, {"batch", NormType::kBatch}}),
       .fallback = is("layer"),
       .doc =
           "LayerNorm, RMSNorm, or BatchNorm with masked statistics (per position where the future must not be seen)",
       .field = at(&C::model, &Model::norm_type),
       .needs = {need([](const C& c) { return (is_preset(c) && c.model.norm != Norm::kNone) || c.model.final_norm; },
                      "no norm is in the model",
                      "remove it, or give the model a norm with `model.norm` or `model.final_norm`")}},
      {.path = "model.norm_eps",
       .type = number({.above = 0, .to = 1}),
       .fallback = derived("1e-5; 1e-3 with compat keras or founding; for rms 1e-6 there, and 2^-23 with compat torch",
                           [](const C& c) { return norm_eps(c); }),
       .doc = "added to the variance in a norm",
       .field = at(&C::model, &Model::norm_eps),
       .needs = {norms()}},
      {.path = "model.norm_bias",
       .type = boolean(),
       .fallback = derived("true, false with norm_type \"rms\"",
                           [](const C& c) { return c.model.norm_type != NormType::kRms; }),
       .doc = "norms have a bias",
       .field = at(&C::model, &Model::norm_bias),
       .needs = {norms()}},
      {.path = "model.activation",
       .type = choice<Activation>({{"relu", Activation::kRelu},
                                   {"gelu", Activation::kGelu},
                                   {"gelu_tanh", Activation::kGeluTanh},
                                   {"silu", Activation::kSilu},
                                   {"tanh", Activation::kTanh},
                                   {"swiglu", Activation::kSwiglu},
                                   {"geglu", Activation::kGeglu}}),
       .fallback = is("gelu"),
       .doc = "activation of the feed-forward layers and of an mlp head; swiglu and geglu multiply by a gate",
       .field = at(&C::model, &Model::activation),
       .needs = {need([](const C& c) { return has_feed_forward(c) || c.model.head == Head::kMlp; },
                      "no layer of the model has an activation",
                      "remove it; in the composed form each feed-forward layer has its own")}},
      {.path = "model.positions",
       .type = choice<Positions>({{"sinusoidal", Positions::kSinusoidal},
                                  {"learned", Positions::kLearned},
                                  {"rope", Positions::kRope},
                                  {"alibi", Positions::kAlibi},
                                  {"relative", Positions::kRelative},
                                  {"none", Positions::kNone}}),
       .fallback = is("sinusoidal"),
       .doc = "how the model is told where a symbol stands: added to the embeddings (sinusoidal, learned), or in the "
              "attention of each block",
       .field = at(&C::model, &Model::positions)},
      {.path = "model.randomised_positions",
       .type = integer(1, 65536),
       .fallback = absent("positions 0, 1, 2, ..."),
       .doc = "while training, positions are a sorted random subset of this many (Ruoss et al. 2023)",
       .field = at(&C::model, &Model::randomised_positions),
       .needs = {need(
           [](const C& c) {
             return c.model.positions == Positions::kSinusoidal || c.model.positions == Positions::kLearned;
           },
           "`model.positions` adds nothing to the embeddings",
           "remove it, or set `model.positions` to \"sinusoidal\" or \"learned\"")}},
      {.path = "model.max_len",
       .type = integer(1, 65536),
       .fallback = derived("the positions the task needs", [](const C& c) { return needed_positions(c); }),
       .doc = "longest sequence the model takes, in positions",
       .field = at(&C::model, &Model::max_len)},
  };
}

}  // namespace headlight::config::schema
