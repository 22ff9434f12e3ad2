#pragma once

// What the tests of generation and of beam search share.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "autograd/scopes.h"
#include "layers/models/generate.h"
#include "tests/common/arrays.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

inline constexpr std::int32_t kEnd = 4;

inline ModelOptions decoder(Positions positions = Positions::sinusoidal) {
  return {.arch = Architecture::decoder,
          .vocabulary = 5,
          .d_model = 8,
          .heads = 2,
          .layers = 2,
          .max_len = 12,
          .positions = positions};
}

/// A model with weights large enough that its distributions are far from uniform.
inline void sharpen(Model& model, std::uint64_t seed = 50) {
  for (const NamedParameter& p : model.parameters()) {
    if (p.tensor.rank() == 2) p.tensor.assign(testing::drawn(p.tensor.shape(), -0.9, 0.9, seed++));
  }
}

/// log p(token | prefix) by a whole forward pass.
inline std::vector<double> next_log_probabilities(Model& model, const std::vector<std::int32_t>& prefix,
                                                  std::size_t vocabulary = 5) {
  const NoGrad guard;
  const Array logits = model(testing::tokens({1, prefix.size()}, prefix), {}).value();
  const Real* const last = logits.data() + logits.size() - vocabulary;
  double sum = 0;
  for (std::size_t v = 0; v < vocabulary; ++v) sum += std::exp(static_cast<double>(last[v]));
  std::vector<double> log_probabilities;
  log_probabilities.reserve(vocabulary);
  for (std::size_t v = 0; v < vocabulary; ++v) {
    log_probabilities.push_back(static_cast<double>(last[v]) - std::log(sum));
  }
  return log_probabilities;
}

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
