#pragma once

#include "layers/batch_norm.h"
#include "layers/block.h"
#include "layers/conv1d_layer.h"
#include "layers/dense.h"
#include "layers/feed_forward.h"
#include "layers/heads.h"
#include "layers/layer_norm.h"
#include "layers/positions.h"
#include "layers/residual.h"
#include "layers/rms_norm.h"

/// The options of the built-in layer types, read from the keys of a config with their defaults: what their registrations
/// build from, and what anything else that must understand a config reads. Those of an attention are attention_options()
/// of attention_config.h. All throw LayerError on a missing or wrong value.
namespace headlight::inline HEADLIGHT_PRECISION {

class LayerConfig;

Activation activation_option(const LayerConfig& config);
BatchNormOptions batch_norm_options(const LayerConfig& config);
/// Of a block, which always has a `width`; its `steps` are read elsewhere.
ResidualOptions block_options(const LayerConfig& config);
Conv1dLayerOptions conv1d_options(const LayerConfig& config);
DenseOptions dense_options(const LayerConfig& config);
FeedForwardOptions feed_forward_options(const LayerConfig& config);
LayerNormOptions layer_norm_options(const LayerConfig& config);
HeadOptions linear_head_options(const LayerConfig& config);
HeadOptions mlp_head_options(const LayerConfig& config);
HeadOptions pointer_head_options(const LayerConfig& config);
/// Of learned_positions and sinusoidal_positions: `max_len`, and `randomised` for the longer range to draw from.
PositionRange position_range(const LayerConfig& config);
/// Of a residual, which has a `width` where something needs it; its `body` is read elsewhere.
ResidualOptions residual_options(const LayerConfig& config);
RMSNormOptions rms_norm_options(const LayerConfig& config);

}  // namespace headlight::inline HEADLIGHT_PRECISION
