#pragma once

#include <cstddef>

#include "autograd/tensor.h"

/// Picking elements by number. Gradients of an element picked more than once are added in double, in the order of the
/// numbers' positions: the result does not depend on the number of threads.
namespace headlight::inline HEADLIGHT_PRECISION {

/// y(..., :) = table(ids(...), :).  table (V, C), ids (...) -> y (..., C).
/// dtable(v, :) = sum of g(..., :) over the positions with id v.
/// Throws ShapeError unless table has rank 2, and for an id outside of [0, V), naming it, its position and V.
Tensor embedding(const Tensor& table, const Tokens& ids);

/// y(..., i, ...) = x(..., index(..., i, ...), ...): along `axis` each place picks its own element, as PyTorch's
/// gather. x and index have the same shape but for that axis; y has the shape of index. dx(..., j, ...) = sum of g(...,
/// i, ...) over the i with index j. Throws ShapeError when the shapes do not fit, and for a number outside of the axis,
/// naming it and its position.
Tensor gather(const Tensor& x, std::ptrdiff_t axis, const Tokens& index);

}  // namespace headlight::inline HEADLIGHT_PRECISION
