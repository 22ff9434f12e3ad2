#pragma once

#include "autograd/tensor.h"
#include "core/kernels/dropout.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// y_i = x_i / (1 - p), or 0 with probability p; which elements are dropped is a pure function of (key, i).
/// p in [0, 1); p = 0 gives x itself. Throws ConfigError otherwise.
/// Source: Srivastava et al. 2014, "Dropout", JMLR 15, section 10.
Tensor dropout(const Tensor& x, double p, const kernels::DropoutKey& key);

}  // namespace headlight::inline HEADLIGHT_PRECISION
