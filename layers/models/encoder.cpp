#include "layers/models/encoder.h"

#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "core/shape.h"
#include "layers/feed_forward.h"
#include "layers/multi_head_attention.h"
#include "layers/norm.h"
#include "layers/positions.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

NormOptions norm_options(const EncoderOptions& options) {
  return {.width = options.d_model, .eps = options.norm_eps, .bias = options.norm_bias};
}

ResidualOptions block_options(const EncoderOptions& options) {
  return {.norm = options.norm, .normalization = norm_options(options), .dropout = options.dropout.residual};
}

std::vector<BlockStep> block_steps(const EncoderOptions& options, Init& init) {
  std::vector<BlockStep> steps;
  steps.push_back({"attention",
                   std::make_unique<MultiHeadAttention>(MultiHeadAttentionOptions{.d_model = options.d_model,
                                                                                  .heads = options.heads,
                                                                                  .head_size = options.head_size,
                                                                                  .bias = options.bias.attention,
                                                                                  .dropout = options.dropout.attention},
                                                        init)});
  steps.push_back(
      {"feed_forward", std::make_unique<FeedForward>(FeedForwardOptions{.d_model = options.d_model,
                                                                        .d_ff = options.d_ff,
                                                                        .activation = options.activation,
                                                                        .bias = options.bias.feed_forward,
                                                                        .dropout = options.dropout.feed_forward},
                                                     init)});
  return steps;
}

const EncoderOptions& checked(const EncoderOptions& options) {
  if (options.vocabulary == 0 || options.d_model == 0 || options.d_ff == 0) {
    raise<ConfigError>("encoder", "vocabulary, d_model and d_ff must be at least 1",
                       fmt::format("vocabulary {}, d_model {}, d_ff {}", options.vocabulary, options.d_model,
                                   options.d_ff));
  }
  return options;
}

/// A module that only groups children under one name.
class Group : public Module {
 public:
  template <class M, class... Args>
  M& add(const std::string& name, Args&&... args) {
    return child<M>(name, std::forward<Args>(args)...);
  }
};

}  // namespace

EncoderBlock::EncoderBlock(const EncoderOptions& options, Init& init)
    : Block(block_options(options), block_steps(options, init), init) {}

Encoder::Encoder(const EncoderOptions& options, Init& init)
    : options_(checked(options)),
      embedding_(child<Embedding>("embedding",
                                  EmbeddingOptions{.vocabulary = options.vocabulary,
                                                   .width = options.d_model,
                                                   .bias = options.bias.embedding,
                                                   .scale = options.scale_embeddings},
                                  init)),
      embedding_dropout_(child<Dropout>("embedding_dropout", options.dropout.embedding)),
      input_dropout_(child<Dropout>("input_dropout", options.dropout.input)) {
  switch (options.positions) {
    case Positions::none:
      break;
    case Positions::sinusoidal:
      positions_ = &child<SinusoidalPositions>("positions", options.max_len, options.d_model);
      break;
    case Positions::learned:
      positions_ = &child<LearnedPositions>("positions", options.max_len, options.d_model, init);
      break;
  }
  Group& layers = child<Group>("layers");
  for (std::size_t i = 0; i < options.layers; ++i) {
    blocks_.push_back(&layers.add<EncoderBlock>(std::to_string(i), options, init));
  }
  if (options.final_norm.value_or(options.norm == NormPlacement::pre)) {
    final_norm_ = dynamic_cast<Layer*>(&adopt("final_norm", make_norm(norm_options(options), init)));
  }
  const std::size_t classes = options.classes != 0 ? options.classes : options.vocabulary;
  head_ = dynamic_cast<Layer*>(&adopt("head", make_head({.width = options.d_model,
                                                         .outputs = classes,
                                                         .kind = options.head,
                                                         .activation = options.activation,
                                                         .normalization = norm_options(options),
                                                         .bias = options.bias.head},
                                                        init)));
}

Tensor Encoder::operator()(const Tokens& ids, const Context& context) {
  if (ids.dimension() != 2) {
    raise<ShapeError>("encoder", "token ids must be (B, T)", to_string(Shape(ids.shape())));
  }
  Tensor x = embedding_dropout_(embedding_(ids), context);
  if (positions_ != nullptr) x = (*positions_)(x, context);
  x = input_dropout_(x, context);
  for (EncoderBlock* block : blocks_) x = (*block)(x, context);
  if (final_norm_ != nullptr) x = (*final_norm_)(x, context);
  return (*head_)(x, context);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
