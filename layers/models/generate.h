#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "layers/models/model.h"

/// Continuing sequences token by token. Results depend on nothing but weights, prompts and options: not on the other
/// prompts of a call, and for the choice of tokens not on the cache (logits differ by rounding).
namespace headlight::inline HEADLIGHT_PRECISION {

/// Token ids of sequences of any lengths.
using Prompts = std::vector<std::vector<std::int32_t>>;

struct GenerateOptions {
  std::size_t max_new_tokens = 64;       ///< and never more than one behind Model::max_len() positions, the prompt's
                                         ///< among them: the last token is not read again
  std::optional<std::int32_t> end = {};  ///< the end mark: a sequence ends behind it
  double temperature = 0;  ///< 0: the most likely token; else tokens are drawn from softmax(logits / temperature)
  std::size_t top_k = 0;   ///< drawn among the k most likely tokens; 0: all
  double top_p = 1;  ///< drawn among the fewest tokens that are together this likely, after top_k (Holtzman et al.
                     ///< 2019, arXiv:1904.09751, section 3.1)
  std::uint64_t seed = 1;  ///< of drawing; the numbers belong to the seed, the prompt with its source, and the place.
                           ///< Of equal prompts in one call each has its own: n copies give n samples
  std::size_t beams = 1;   ///< beam search with so many; 1: none
  double length_penalty = 0;  ///< a: beams are compared by log-probability / ((5 + n) / 6)^a, n their new tokens with
                              ///< the end mark (Wu et al. 2016, arXiv:1609.08144, equation 14); 0: by log-probability
  bool cache = true;  ///< keep keys and values of earlier positions; false: compute each step anew, for layers that
                      ///< have no memory (a convolution over positions)
};

struct Generated {
  std::vector<std::int32_t> tokens;       ///< the new ones, the end mark included
  std::vector<double> log_probabilities;  ///< of each, in nats, under the model's own distribution (temperature 1)
  double log_probability = 0;             ///< their sum
  bool ended = false;                     ///< with the end mark
};

/// Continues each prompt with a decoder. Of equally likely tokens the first one is taken.
/// Throws ConfigError on options that contradict each other or are out of range, StateError when the model is no
/// decoder or does not predict the tokens that it reads at its last position, ShapeError on an empty prompt or one longer than the model takes.
std::vector<Generated> generate(Model& decoder, const Prompts& prompts, const GenerateOptions& options = {});

/// What an encoder-decoder reads before it generates.
struct GenerateSource {
  ModelInput input;                       ///< ids (B, T) or vectors (B, T, F)
  std::vector<std::size_t> lengths = {};  ///< real positions of each member; empty: all of them
};

/// Token sequences of any lengths as one source: shorter ones are padded (with their own first token, which the lengths
/// hide). Throws ShapeError on an empty sequence or none.
GenerateSource padded_source(const Prompts& sequences);

/// The same for an encoder-decoder: member b's target begins with prefixes[b], in general the one begin mark.
std::vector<Generated> generate(Model& encoder_decoder, const GenerateSource& source, const Prompts& prefixes,
                                const GenerateOptions& options = {});

}  // namespace headlight::inline HEADLIGHT_PRECISION
