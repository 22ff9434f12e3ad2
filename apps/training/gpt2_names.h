#pragma once

#include <span>
#include <string>

#include "apps/training/weight_names.h"

namespace headlight {

struct Gpt2Names {
  std::string prefix = "transformer.";  ///< in front of wte, wpe, h and ln_f; "" in files of the bare stack
  bool weights_in_out = true;           ///< weights of blocks stored (in, out), as Hugging Face's Conv1D does
  bool own_head = true;                 ///< the file has a lm_head.weight; without, an untied head of ours reads wte
};

/// What a file's names tell. `format` is gpt2 or gpt2_linear.
Gpt2Names gpt2_names(std::span<const std::string> theirs, WeightFormat format);

/// GPT-2's names for the parameters of a decoder of ours (pre-norm, learned positions, final norm, gelu_tanh); what has
/// no counterpart there keeps its name.
///
/// | ours                                         | theirs                                                    |
/// | embedding.weight, positions.weight           | wte.weight, wpe.weight                                    |
/// | layers.N.attention: query, key, value        | thirds of h.N.attn.c_attn                                 |
/// | output; attention_norm, feed_forward_norm    | h.N.attn.c_proj; h.N.ln_1, h.N.ln_2 (gain is weight)      |
/// | feed_forward.up, .down; final_norm           | h.N.mlp.c_fc, h.N.mlp.c_proj; ln_f                        |
/// | head.weight                                  | lm_head.weight, without a prefix; wte.weight where tied   |
StoredPlaces gpt2_places(std::span<const OurParameter> ours, const Gpt2Names& names);

/// True for tensors that hold no weights: the causal masks h.N.attn.bias and h.N.attn.masked_bias.
bool is_gpt2_buffer(std::string_view name);

}  // namespace headlight
