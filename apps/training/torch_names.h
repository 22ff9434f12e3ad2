#pragma once

#include <map>
#include <span>
#include <string>

#include "apps/training/weight_names.h"

namespace headlight {

/// Our stack's prefix -> theirs: {"": "encoder."} when a whole encoder of ours is the part `encoder` over there.
using StackNames = std::map<std::string, std::string>;

/// Which stack of a file of PyTorch's belongs to which of ours: stacks with cross-attention to those with, others to
/// others; of several, those of one name. What finds no partner keeps its name.
StackNames torch_stacks(std::span<const OurParameter> ours, std::span<const std::string> theirs);

/// The names of PyTorch 1.13's nn.TransformerEncoder, nn.TransformerDecoder, nn.Transformer and nn.MultiheadAttention for
/// the parameters of ours that have a counterpart there; all others keep their names.
///
/// | ours                                          | theirs                                                          |
/// | layers.N.attention, .cross_attention          | layers.N.self_attn, .multihead_attn                             |
/// | query, key, value of an attention             | thirds of in_proj_weight; q_proj_weight, k_proj_weight and      |
/// |                                               | v_proj_weight when their shapes differ; thirds of in_proj_bias  |
/// | output; sink_key, sink_value                  | out_proj; bias_k, bias_v (1, 1, C)                              |
/// | feed_forward.up, .down                        | linear1, linear2                                                |
/// | attention_norm, cross_attention_norm,         | norm1, norm2, and norm3, or norm2 in layers without             |
/// | feed_forward_norm                             | cross-attention; gain is their weight                           |
/// | final_norm                                    | norm                                                            |
StoredPlaces torch_places(std::span<const OurParameter> ours, const StackNames& stacks);

}  // namespace headlight
