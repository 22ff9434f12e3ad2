#pragma once

#include <cstddef>
#include <cstdint>

#include "core/real.h"

/// Softmax cross-entropy of contiguous rows of logits against one class per row.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

struct CrossEntropyOptions {
  double label_smoothing = 0;        ///< s in [0, 1]
  std::int32_t ignore_index = -100;  ///< rows with this target have loss, weight and gradient 0
};

struct CrossEntropySum {
  double loss = 0;    ///< sum over rows of weight * loss
  double weight = 0;  ///< sum over rows of weight, ignored rows left out
};

/// With p = softmax(logits):  loss = (1 - s) (-log p[target]) + s mean over classes of (-log p)   (PyTorch's
/// definition; source: Szegedy et al. 2015, arXiv:1512.00567, section 7), log-sum-exp in double.
///
/// logits (rows, classes); targets (rows), each ignore_index or in [0, classes) (see find_invalid_target);
/// row_weights (rows) or null (all 1). losses (rows) receives weight * loss per row (null: not wanted). dlogits (rows,
/// classes) receives weight (p - (1 - s) onehot - s / classes), the gradient of the sum (null: not wanted; may be
/// logits).
CrossEntropySum cross_entropy_rows(const Real* logits, const std::int32_t* targets, const Real* row_weights,
                                   Real* losses, Real* dlogits, std::size_t rows, std::size_t classes,
                                   const CrossEntropyOptions& options = {});

/// Index of the first target that is neither ignore_index nor in [0, classes); `rows` when there is none.
std::size_t find_invalid_target(const std::int32_t* targets, std::size_t rows, std::size_t classes,
                                std::int32_t ignore_index);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
