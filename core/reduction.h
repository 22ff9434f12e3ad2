#pragma once

#include "core/array.h"

/// Reductions of whole arrays over any axes, in fixed chunks: the result does not depend on the number of threads.
/// `shape` names the axes that stay and must broadcast to the shape of x: an axis is reduced where it is absent from
/// `shape` or has extent 1 there.
namespace headlight::inline HEADLIGHT_PRECISION {

/// Sums, accumulated in double; 0 where nothing is summed. When separate groups of axes are summed, as in (B, T, C) to
/// (1, T, 1), the result of one group is rounded to Real before the next.
Array sum_to(const Array& x, const Shape& shape);

/// Largest elements; NaN where one of the elements is NaN, -infinity where there is none.
Array max_to(const Array& x, const Shape& shape);

}  // namespace headlight::inline HEADLIGHT_PRECISION
