#pragma once

#include <cstddef>

#include "layers/heads.h"
#include "layers/models/model_options.h"
#include "layers/norm.h"

namespace headlight::inline HEADLIGHT_PRECISION {

class LayerConfig;

/// What stands around the blocks of each stack.
struct ModelSurroundings {
  std::size_t d_model = 0;
  std::size_t max_len = 0;
  Positions positions = Positions::none;  ///< added to the embeddings: none, sinusoidal or learned
  std::size_t randomised = 0;
  double embedding_dropout = 0;
  double input_dropout = 0;
  bool embedding_bias = false;
  bool scale_embeddings = false;
  bool final_norm = false;
  NormOptions norm = {};  ///< see final_norm_options()
};

/// What a stack reads: ids below `vocabulary`, or vectors of `features` numbers; the other is 0.
struct ModelSource {
  std::size_t vocabulary = 0;
  std::size_t features = 0;
};

/// All that the composed form of a model says besides its blocks.
struct ModelConfig {
  Architecture arch = Architecture::encoder;
  ModelSurroundings around = {};
  ModelSource source = {};  ///< of the encoder, or of the only stack
  ModelSource target = {};  ///< of the decoder, or of the only stack
  HeadOptions head = {};    ///< without the tied table
  bool tied = false;        ///< the head's last matrix is the token embedding of the decoder, or of the only stack
};

/// Reads the composed form and refuses keys that it does not have; `blocks` and `encoder_blocks` are read elsewhere.
/// Throws LayerError.
ModelConfig model_config(const LayerConfig& config);

/// The norm behind the last block; batch statistics are those of each position where a stack `looks_back`.
NormOptions final_norm_options(const ModelSurroundings& around, bool looks_back);

}  // namespace headlight::inline HEADLIGHT_PRECISION
