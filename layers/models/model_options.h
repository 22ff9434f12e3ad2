#pragma once

#include <cstddef>
#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "core/kernels/activation_kind.h"
#include "layers/attention_options.h"
#include "layers/heads.h"
#include "layers/norm.h"
#include "layers/residual.h"

namespace headlight::inline HEADLIGHT_PRECISION {

enum class Architecture {
  encoder,          ///< every position sees every other
  decoder,          ///< a position sees itself and earlier ones
  encoder_decoder,  ///< a decoder whose blocks also read what an encoder made of another sequence
};

/// How a model is told where a token stands.
enum class Positions {
  none,
  sinusoidal,  ///< added to the embeddings
  learned,     ///< the same
  rope,        ///< in the self-attention of each block, as the next ones: see AttentionPositions
  alibi,
  relative,
};

/// A Transformer in a few words. It is a shorthand: expand() writes out the layers that it stands for, and a Model is
/// always built from those.
struct ModelOptions {
  Architecture arch = Architecture::encoder;
  std::size_t vocabulary = 0;         ///< token ids are below it; 0: the input is vectors
  std::size_t features = 0;           ///< width of input vectors; 0: the input is tokens
  std::size_t target_vocabulary = 0;  ///< encoder_decoder alone: ids of the target are below it; 0: vocabulary
  std::size_t outputs =
      0;  ///< classes, or values of a regression; 0: the vocabulary that is predicted. No pointer has it
  std::size_t d_model = 0;
  std::size_t heads = 1;
  std::size_t kv_heads = 0;        ///< 0: heads
  std::size_t head_size = 0;       ///< 0: d_model / heads
  std::size_t d_ff = 0;            ///< 0: 4 d_model
  std::size_t layers = 1;          ///< blocks; of an encoder_decoder, those of the decoder
  std::size_t encoder_layers = 0;  ///< encoder_decoder alone; 0: layers
  bool attention_only = false;     ///< no feed-forward layers
  std::size_t max_len = 0;         ///< longest sequence; needed for positions in the embeddings and batch statistics
  NormPlacement norm = NormPlacement::pre;
  ResidualKind residual = ResidualKind::plain;
  double skip_scale = 1;                 ///< see ResidualConnectionOptions
  std::optional<bool> final_norm = {};   ///< a norm behind the last block; by default with pre, sandwich and parallel
  NormType norm_type = NormType::layer;  ///< batch: per position where the future must not be seen
  double norm_eps = 1e-5;
  std::optional<bool> norm_bias = {};  ///< by default: rms has none
  Activation activation = Activation::gelu;
  bool gated = false;  ///< the feed-forward layers multiply by a gate: swiglu with silu, geglu with gelu
  Positions positions = Positions::sinusoidal;
  std::size_t randomised_positions = 0;      ///< see PositionRange; sinusoidal and learned alone
  MultiHeadAttentionOptions attention = {};  ///< all that the members above and below do not say
  Predict predict = Predict::every;
  Predict pointer_query = Predict::last;  ///< what a pointer looks from: last or pooled
  HeadKind head = HeadKind::linear;
  bool tie_embeddings = false;
  bool scale_embeddings = false;
  struct {
    double embedding = 0;     ///< on the embeddings, before positions are added
    double input = 0;         ///< on what enters the first block
    double attention = 0;     ///< on the attention weights
    double residual = 0;      ///< on what each step adds to the residual stream
    double feed_forward = 0;  ///< behind the feed-forward activation
  } dropout = {};
  struct {
    bool embedding = false;
    bool attention = true;
    bool feed_forward = true;
    bool head = true;
  } bias = {};
};

/// The composed form of a model: its own keys, called as in the section `model` of a config (with `vocabulary`,
/// `features`, `target_vocabulary`, `outputs`, `predict` and `pointer_query`, which there follow from the task), and
/// the layers of `blocks` and `encoder_blocks` written out. The same seed gives the same weights for both forms.
/// Throws ConfigError on members that contradict each other.
nlohmann::json expand(const ModelOptions& options);

/// The keys of a layer of type multi_head_attention with these options; defaults are left out.
nlohmann::json to_json(const MultiHeadAttentionOptions& options);

/// How often the layers of a composed form write to the residual stream, for InitOptions::residual_writes: once for each
/// step of a block and each residual, those in a sequential included. Of an encoder_decoder the stack with the most. 0
/// where there is neither, and for what Model refuses anyway.
std::size_t residual_writes(const nlohmann::json& composed);

}  // namespace headlight::inline HEADLIGHT_PRECISION
