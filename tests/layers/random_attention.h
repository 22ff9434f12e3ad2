#pragma once

// Random valid combinations of attention options, masks and shapes.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "layers/multi_head_attention.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

struct RandomAttention {
  MultiHeadAttentionOptions options;
  std::string what;  ///< the options in words
  Mask mask;
  Array bias;  ///< what the mask's bias rules add up to
  bool self;   ///< query, key and value are one sequence
  Array query, key, value;

  std::vector<Array> inputs() const { return self ? std::vector<Array>{query} : std::vector<Array>{query, key, value}; }
};

/// The n-th combination: at most 2 batch members, 4 heads and 5 positions. With `causal` the mask is causal, hides
/// nothing by arrays, and query, key and value are one sequence: what a generation can run.
RandomAttention random_attention(std::uint64_t n, bool causal = false);

/// The layer, with random parameters away from the special values with which some begin.
std::unique_ptr<MultiHeadAttention> build(const RandomAttention& random);

/// How many combinations to try: `usual`, or the number in the environment variable HEADLIGHT_COMBINATIONS.
std::uint64_t combinations(std::uint64_t usual);

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
