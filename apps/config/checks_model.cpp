#include <fmt/format.h>

#include <algorithm>

#include "apps/config/checks.h"

namespace headlight::config::schema {

namespace {

/// "3 or 5"; one number where both are equal or the lower one is 0.
std::string pair(std::size_t low, std::size_t high) {
  return low == 0 || low == high ? fmt::format("{}", high) : fmt::format("{} or {}", low, high);
}

/// The divisors of `whole` next to a number that does not divide it.
std::string nearest_divisors(std::size_t whole, std::size_t number) {
  std::size_t fewer = std::min(number, whole);
  while (whole % fewer != 0) --fewer;
  std::size_t more = number;
  while (more < whole && whole % more != 0) ++more;
  return pair(fewer, more > whole ? fewer : more);
}

std::optional<Problem> heads_divide_width(const Config& config, const Node& given) {
  const std::size_t width = config.model.d_model;
  const std::size_t heads = config.model.heads;
  if (heads == 0 || is_given(given, "model.head_dim") || width % heads == 0) return std::nullopt;
  const std::size_t below = width / heads * heads;
  return Problem{.what = fmt::format("`model.d_model` is {}, not a multiple of `model.heads`, {}", width, heads),
                 .place = {},
                 .help = fmt::format("take a `d_model` of {}, or {} heads, or give `model.head_dim`",
                                     pair(below, below + heads), nearest_divisors(width, heads))};
}

std::optional<Problem> groups_divide_heads(const Config& config, const Node& /*given*/) {
  const ModelConfig& model = config.model;
  if (model.kv_heads == 0 || model.heads % model.kv_heads == 0) return std::nullopt;
  return Problem{.what = fmt::format("`model.kv_heads` is {}, which does not divide `model.heads`, {}", model.kv_heads,
                                     model.heads),
                 .place = {},
                 .help = fmt::format("take {}", nearest_divisors(model.heads, model.kv_heads))};
}

std::optional<Problem> rope_rotates_pairs(const Config& config, const Node& /*given*/) {
  const std::size_t size = config.model.attention.key_size;
  if (config.model.positions != Positions::kRope || size % 2 == 0) return std::nullopt;
  return Problem{.what = fmt::format("positions \"rope\" rotate pairs of channels, but a head has {}", size),
                 .place = {},
                 .help = fmt::format("give the heads an even number of channels, like {}, with `model.head_dim`",
                                     size + 1)};
}

std::optional<Problem> attention_fits_stream(const Config& config, const Node& /*given*/) {
  const ModelConfig& model = config.model;
  if (model.attention.out_size == 0 || model.attention.out_size == model.d_model) return std::nullopt;
  return Problem{.what = fmt::format("`model.attention.out_size` is {}, but what attention gives is added to a stream "
                                     "of `model.d_model`, {}",
                                     model.attention.out_size, model.d_model),
                 .place = {},
                 .help = "remove it; in `model.blocks` an attention of another width can stand outside of a block"};
}

std::optional<Problem> both_stacks_composed(const Config& config, const Node& given) {
  if (config.model.arch != Arch::kEncoderDecoder) return std::nullopt;
  const bool decoder = is_given(given, "model.blocks");
  if (decoder == is_given(given, "model.encoder_blocks")) return std::nullopt;
  const char* const missing = decoder ? "model.encoder_blocks" : "model.blocks";
  return Problem{.what = fmt::format("`{}` is given, but not `{}`", decoder ? "model.blocks" : "model.encoder_blocks",
                                     missing),
                 .place = {},
                 .help = fmt::format("write out both stacks, or neither: `headlight config print --expanded` without "
                                     "it shows `{}`",
                                     missing)};
}

std::optional<Problem> positions_stand_outside(const Config& config, const Node& /*given*/) {
  const Positions positions = config.model.positions;
  const bool inside =
      positions == Positions::kRope || positions == Positions::kAlibi || positions == Positions::kRelative;
  if (!config.model.blocks || !inside) return std::nullopt;
  return Problem{.what = "these `model.positions` belong to the attention layers, which `model.blocks` writes out",
                 .place = {},
                 .help = "set `model.positions` to \"none\", and `positions` in each attention layer"};
}

std::optional<Problem> head_has_plain_activation(const Config& config, const Node& /*given*/) {
  const Activation activation = config.model.activation;
  const bool gated = activation == Activation::kSwiglu || activation == Activation::kGeglu;
  if (config.model.head != Head::kMlp || !gated) return std::nullopt;
  return Problem{.what = "a head of type \"mlp\" takes `model.activation` too, and that one is a gate of two inputs",
                 .place = {},
                 .help = "take \"silu\" or \"gelu\", or a head of type \"linear\""};
}

std::optional<Problem> gates_stand_alone(const Config& config, const Node& /*given*/) {
  if (config.model.residual != ResidualKind::kGated || config.model.norm != Norm::kParallel) return std::nullopt;
  return Problem{.what =
                     "a gated residual lets its input through once, but a parallel block has two sublayers side by "
                     "side",
                 .place = {},
                 .help = "take `residual` \"scaled\" or \"plain\", or another `norm`"};
}

std::optional<Problem> sinks_compete(const Config& config, const Node& /*given*/) {
  const AttentionConfig& attention = config.model.attention;
  if (attention.sink == Sink::kNone || attention.weights != AttentionWeighting::kSigmoid) return std::nullopt;
  return Problem{.what = "a sink takes weight from the keys, but \"sigmoid\" weights do not compete",
                 .place = {},
                 .help = "take `weights` \"softmax\" or \"top_k\", or no sink"};
}

/// A causal model has batch statistics at each position, over the members of a batch alone.
std::optional<Problem> statistics_have_members(const Config& config, const Node& /*given*/) {
  const TrainerConfig& trainer = config.trainer;
  const bool epochs = trainer.sampling == Sampling::kEpochs && !trainer.batch_size.full;
  const std::size_t members = batch_examples(config);
  const std::size_t examples = training_examples(config).value_or(0);
  const std::size_t rest = epochs && !trainer.drop_last && members != 0 ? examples % members : 0;
  if (config.model.norm_type != NormType::kBatch || config.model.arch == Arch::kEncoder) return std::nullopt;
  if (!is_measured(config)) return std::nullopt;
  if (members >= 2 && rest != 1) return std::nullopt;
  return Problem{.what =
                     fmt::format("batch norm in a causal model takes its statistics over the members of a batch, but "
                                 "{} has one",
                                 members < 2 ? "a batch" : "the last batch of an epoch"),
                 .place = {},
                 .help = members < 2 ? "take a `trainer.batch_size` of at least 2, or another `model.norm_type`"
                                     : "set `trainer.drop_last` to true, or take another `trainer.batch_size`"};
}

std::optional<Problem> rope_turns_products(const Config& config, const Node& /*given*/) {
  const AttentionScore score = config.model.attention.score;
  const bool additive = score == AttentionScore::kAdditive;
  if (config.model.positions != Positions::kRope || !(additive || score == AttentionScore::kBilinear)) {
    return std::nullopt;
  }
  return Problem{.what = fmt::format("positions \"rope\" have no meaning with `model.attention.score` \"{}\": only in "
                                     "dot products and distances do the rotations of query and key combine to one",
                                     additive ? "additive" : "bilinear"),
                 .place = {},
                 .help = "take another score, such as \"scaled_dot\", or `model.positions` \"alibi\" or \"relative\""};
}

std::optional<Problem> cosine_normalises_itself(const Config& config, const Node& /*given*/) {
  const AttentionConfig& attention = config.model.attention;
  if (attention.score != AttentionScore::kCosine || !attention.qk_norm) return std::nullopt;
  return Problem{.what =
                     "`model.attention.qk_norm` has no meaning with `model.attention.score` \"cosine\", which "
                     "normalises queries and keys itself",
                 .place = {},
                 .help = "remove `qk_norm`, or take `score` \"dot\""};
}

std::optional<Problem> random_positions_suffice(const Config& config, const Node& /*given*/) {
  const auto& range = config.model.randomised_positions;
  if (!range || *range >= config.model.max_len) return std::nullopt;
  return Problem{.what = fmt::format("`model.randomised_positions` is {}, fewer than `model.max_len`, {}", *range,
                                     config.model.max_len),
                 .place = {},
                 .help = fmt::format("draw from at least {} positions", config.model.max_len)};
}

std::optional<Problem> supervised_block_exists(const Config& config, const Node& /*given*/) {
  const AttentionLossConfig& loss = config.loss.attention;
  if (!loss.weight || has_block(config.model.arch, loss.block)) return std::nullopt;
  return Problem{.what = "a model of this `model.arch` has no such attention",
                 .place = {},
                 .help = blocks_of(config.model.arch)};
}

/// `index` counts what there are `count` of; a count of 0 is not known here.
std::optional<Problem> counted(const Config& config, const char* what, std::size_t index, std::size_t count) {
  if (!config.loss.attention.weight || count == 0 || index < count) return std::nullopt;
  return Problem{.what = fmt::format("there is no {} {} to supervise", what, index),
                 .place = {},
                 .help = fmt::format("{}s count from 0 to {}", what, count - 1)};
}

std::optional<Problem> supervised_layer_exists(const Config& config, const Node& /*given*/) {
  const ModelConfig& model = config.model;
  const AttentionLossConfig& loss = config.loss.attention;
  const bool encoder = loss.block == AttentionBlock::kEncoderSelf;
  const bool two_stacks = model.arch == Arch::kEncoderDecoder;
  return counted(config, "layer", loss.layer,
                 two_stacks ? (encoder ? model.encoder_layers : model.decoder_layers) : model.layers);
}

std::optional<Problem> supervised_head_exists(const Config& config, const Node& /*given*/) {
  return counted(config, "head", config.loss.attention.head, config.model.heads);
}

}  // namespace

bool has_block(Arch arch, AttentionBlock block) {
  if (arch == Arch::kEncoderDecoder) return true;
  return block == (arch == Arch::kEncoder ? AttentionBlock::kEncoderSelf : AttentionBlock::kDecoderSelf);
}

const char* blocks_of(Arch arch) {
  switch (arch) {
    case Arch::kEncoder:
      return "an encoder has enc.self alone";
    case Arch::kDecoder:
      return "a decoder has dec.self alone";
    case Arch::kEncoderDecoder:
      break;
  }
  return "an encoder-decoder has enc.self, dec.self and dec.cross";
}

const std::vector<Rule>& model_rules() {
  static const std::vector<Rule> all = {
      {{"model.d_model", "model.heads", "model.head_dim"}, heads_divide_width},
      {{"model.kv_heads", "model.heads"}, groups_divide_heads},
      {{"model.attention.key_size", "model.head_dim", "model.d_model", "model.heads", "model.positions"},
       rope_rotates_pairs},
      {{"model.attention.out_size", "model.d_model"}, attention_fits_stream},
      {{"model.blocks", "model.encoder_blocks", "model.arch"}, both_stacks_composed},
      {{"model.positions", "model.blocks"}, positions_stand_outside},
      {{"model.activation", "model.head"}, head_has_plain_activation},
      {{"model.residual", "model.norm"}, gates_stand_alone},
      {{"model.attention.sink", "model.attention.weights"}, sinks_compete},
      {{"model.norm_type", "model.arch", "trainer.batch_size", "trainer.drop_last", "trainer.sampling",
        "task.train_examples"},
       statistics_have_members},
      {{"model.attention.score", "model.positions"}, rope_turns_products},
      {{"model.attention.score", "model.attention.qk_norm"}, cosine_normalises_itself},
      {{"model.randomised_positions", "model.max_len"}, random_positions_suffice},
      {{"loss.attention.block", "model.arch"}, supervised_block_exists},
      {{"loss.attention.layer", "model.layers", "model.encoder_layers", "model.decoder_layers"},
       supervised_layer_exists},
      {{"loss.attention.head", "model.heads"}, supervised_head_exists},
  };
  return all;
}

}  // namespace headlight::config::schema
