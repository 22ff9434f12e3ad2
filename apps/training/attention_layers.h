#pragma once

#include <string>
#include <vector>

#include "apps/config/inspection_config.h"
#include "core/mask.h"
#include "layers/models/model.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// "enc.self", "dec.self" or "dec.cross".
const char* name_of(config::AttentionBlock block);

class MultiHeadAttention;

/// The attention layers of a model, in the order of its tree; layers of the user that attend in their own way are not
/// among them.
std::vector<const MultiHeadAttention*> attention_layers(const Model& model);

/// Which attention of a model the layer at `path` is, by its name. A layer that is no
/// MultiHeadAttention counts as self-attention of its stack.
std::string block_of(const Model& model, const std::string& path);

/// What a layer may see of sequences without padding: causality and its window.
Mask visible_keys(const Model& model, const MultiHeadAttention& layer);

}  // namespace headlight::inline HEADLIGHT_PRECISION
