#pragma once

#include <string>
#include <vector>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// A leaf that a result was computed from.
struct GraphLeaf {
  Tensor tensor;
  std::string used_by;  ///< "`mul` in layer `gate`"
};

/// Every leaf behind `result` that requires a gradient, once each, in the order in which they were made.
std::vector<GraphLeaf> trained_leaves(const Tensor& result);

}  // namespace headlight::inline HEADLIGHT_PRECISION
