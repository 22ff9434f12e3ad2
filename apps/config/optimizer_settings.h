#pragma once

#include "apps/config/config.h"

namespace headlight::config {

/// Whether the weight decay of a type is decoupled (`weight_decay`), else added to the gradient (`l2`).
bool has_decoupled_decay(OptimizerType type);

/// What a type has when nothing is said: the figures of its authors or of PyTorch; with the form of Keras those of Keras
/// where it has others.
OptimizerConfig default_settings(OptimizerType type, AdamForm form = AdamForm::kTorch);

/// The optimizer of a group's parameters: `optimizer` with the group's figures; where the group names another type,
/// that type's defaults with the rate of `optimizer`, and its decay when both are of one kind. adam and adamw share
/// their other figures, and adamw beside muon is muon's own.
OptimizerConfig settings_of(const OptimizerConfig& optimizer, const ParameterGroup& group);

}  // namespace headlight::config
