#pragma once

#include <cstdint>
#include <optional>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

enum class Reduction {
  mean,  ///< divided by the sum of the weights of the positions that count
  sum,
};

struct CrossEntropyOptions {
  double label_smoothing = 0;         ///< s in [0, 1]: the target gets 1 - s, all classes share s
  std::int32_t ignore_index = -100;   ///< positions with this target do not count
  std::optional<Array> weights = {};  ///< one weight >= 0 per position, of the targets' shape
  Reduction reduction = Reduction::mean;
};

/// Softmax cross-entropy, with p = softmax(logits) over the last axis and the log-sum-exp in double:
///   loss = (1 - s) (-log p[target]) + s mean over classes of (-log p),  weighted and reduced over positions.
/// logits (..., V), targets (...) in [0, V) or ignore_index -> (). When no position counts, the loss and its gradient
/// are 0 (PyTorch gives NaN).
/// Throws ShapeError when the shapes do not fit or a target is out of range (naming its position), ConfigError when s
/// is outside [0, 1], NumericError on a negative or non-finite weight.
/// Source: Szegedy et al. 2015, arXiv:1512.00567, section 7 (smoothing, as PyTorch defines it).
Tensor cross_entropy(const Tensor& logits, const Tokens& targets, const CrossEntropyOptions& options = {});

/// Mean (or sum) of (prediction - target)^2 over all elements -> (). Mean over no element is 0.
/// Throws ShapeError when the shapes differ (there is no broadcasting: it hides mistakes).
Tensor mse(const Tensor& prediction, const Tensor& target, Reduction reduction = Reduction::mean);

}  // namespace headlight::inline HEADLIGHT_PRECISION
