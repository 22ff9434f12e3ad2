#pragma once

#include <cstddef>
#include <vector>

#include "autograd/tensor.h"

/// Reductions over some axes or all. Sums accumulate in double and do not depend on the number of threads.
namespace headlight::inline HEADLIGHT_PRECISION {

struct ReduceOptions {
  std::vector<std::ptrdiff_t> axes = {};  ///< the axes to reduce, from the end when negative; empty: all of them
  bool keep_dims = false;                 ///< reduced axes stay, with extent 1
};

struct VarianceOptions {
  std::vector<std::ptrdiff_t> axes = {};  ///< as in ReduceOptions
  bool keep_dims = false;                 ///< as in ReduceOptions
  bool unbiased = false;                  ///< divide by n - 1 instead of n
};

// In all of them x has any shape, and y the shape of x without the reduced axes (or 1 there with keep_dims); n is the
// number of elements behind one element of y. All throw ShapeError for an axis out of range or named twice.

/// y = sum of x; 0 over nothing.  dx = g.
Tensor sum(const Tensor& x, const ReduceOptions& options = {});

/// y = sum of x / n.  dx = g / n.  Throws ShapeError over nothing.
Tensor mean(const Tensor& x, const ReduceOptions& options = {});

/// y = sum of (x - mean)^2 / n, or / (n - 1) when unbiased, in two passes.  dx = 2 g (x - mean) / n, or / (n - 1).
/// Biased by default, as normalisation layers need it. Throws ShapeError when the divisor is not positive.
Tensor var(const Tensor& x, const VarianceOptions& options = {});

/// y = largest x; NaN where one of them is NaN. The gradient is shared equally among all x equal to y (as PyTorch's
/// amax); NaN where y is NaN. Throws ShapeError over nothing.
Tensor max(const Tensor& x, const ReduceOptions& options = {});

/// y = log sum of e^x, without overflow; -infinity over nothing or where all x are -infinity.
/// dx = g e^(x - y); 0 where y is -infinity.
Tensor logsumexp(const Tensor& x, const ReduceOptions& options = {});

}  // namespace headlight::inline HEADLIGHT_PRECISION
