#pragma once

#include <cstddef>
#include <cstdint>

#include "core/random.h"
#include "core/real.h"

/// Dropout whose mask is a pure function of a key and the element's index: nothing is stored for backward.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// Names one mask. The stream tells the dropouts of a model apart, the step the updates of a training.
using DropoutKey = RandomKey;

/// y = x / (1 - p) where element `first + i` is kept, exactly 0 where it is dropped (NaN included); each is dropped
/// with probability p in [0, 1), to a resolution of 2^-32: element e when word e of the key (fill_random_words) is
/// below p 2^32. Forward and backward (with x = g) are the same call. Float and double builds drop the same elements. y
/// may be x. Pieces that begin at a multiple of 4 are the fastest. Throws ConfigError on step >= 2^32 or elements from
/// 2^34 on. Source: Srivastava et al. 2014, "Dropout", JMLR 15, section 10 (scaling at training time).
void dropout(const Real* x, Real* y, std::size_t n, double p, const DropoutKey& key, std::uint64_t first = 0);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
