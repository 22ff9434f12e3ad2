#pragma once

#include "layers/attention_options.h"

namespace headlight::inline HEADLIGHT_PRECISION {

class LayerConfig;

/// The options of a "multi_head_attention" in a config; the keys are called as the options are. `score` is a name, or
/// {"type": name, ...} with the keys of a registered score. Throws ConfigError on a missing or wrong value.
MultiHeadAttentionOptions attention_options(const LayerConfig& config);

}  // namespace headlight::inline HEADLIGHT_PRECISION
