#pragma once

#include <cstddef>

#include "layers/heads.h"
#include "layers/layer_config.h"
#include "layers/models/model_options.h"
#include "layers/norm.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// What stands around the blocks, as the keys of the composed form say it.
struct Surroundings {
  std::size_t d_model;
  std::size_t max_len;
  Positions positions;
  std::size_t randomised;
  double embedding_dropout;
  double input_dropout;
  bool embedding_bias;
  bool scale_embeddings;
  bool final_norm;
  NormOptions norm;
};

/// Reads them. Throws LayerError on keys that do not fit together.
Surroundings surroundings(const LayerConfig& config);

/// What the head is, for a model that predicts `vocabulary` classes unless it says otherwise. Throws as surroundings().
HeadOptions head_options(const LayerConfig& config, const Surroundings& s, std::size_t vocabulary);

}  // namespace headlight::inline HEADLIGHT_PRECISION
