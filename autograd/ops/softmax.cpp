#include "autograd/ops/softmax.h"

#include <utility>

#include "autograd/make_op.h"
#include "core/elementwise.h"
#include "core/kernels/softmax.h"
#include "core/rearrange.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Forward = void (*)(const Real* x, Real* y, std::size_t rows, std::size_t cols);
using Backward = void (*)(const Real* y, const Real* g, Real* dx, std::size_t rows, std::size_t cols);

/// body(first element, rows) for chunks of the rows of an array.
template <class Body>
void for_row_chunks(const Array& a, std::size_t columns, Body body) {
  if (a.size() == 0) return;
  parallel_ranges(a.size() / columns, (kElementGrain + columns - 1) / columns,
                  [&](std::size_t begin, std::size_t end) { body(begin * columns, end - begin); });
}

// The kernels work on contiguous rows: another axis is exchanged with the last one before and after.
Tensor along_axis(OpName op, const Tensor& x, std::ptrdiff_t axis, Forward forward, Backward backward) {
  const std::size_t position = checked_axis(axis, x.rank(), op.text);
  const std::size_t last = x.rank() - 1;
  const std::size_t columns = x.shape()[position];
  const auto run_forward = [&](const Array& rows) {
    Array y(rows.shape());
    for_row_chunks(y, columns, [&](std::size_t first, std::size_t count) {
      forward(rows.data() + first, y.data() + first, count, columns);
    });
    return y;
  };
  const auto run_backward = [backward, columns](const Array& y, Array& g) {
    for_row_chunks(g, columns, [&](std::size_t first, std::size_t count) {
      backward(y.data() + first, g.data() + first, g.data() + first, count, columns);
    });
  };
  if (position == last) {
    return make_op(op, run_forward(x.value()), {x}, [run_backward](BackwardPass& pass) {
      Array dx = pass.take_g();
      run_backward(pass.y(), dx);
      pass.give(0, std::move(dx));
    });
  }
  const Array y = run_forward(axes_swapped(x.value(), position, last));
  return make_op(op, axes_swapped(y, position, last), {x}, [run_backward, position, last](BackwardPass& pass) {
    Array dx = axes_swapped(pass.g(), position, last);
    run_backward(axes_swapped(pass.y(), position, last), dx);
    pass.give(0, axes_swapped(dx, position, last));
  });
}

}  // namespace

// dx = y (g - sum(g y))
Tensor softmax(const Tensor& x, std::ptrdiff_t axis) {
  return along_axis("softmax", x, axis, kernels::softmax_rows, kernels::softmax_backward_rows);
}

// dx = g - e^y sum(g)
Tensor log_softmax(const Tensor& x, std::ptrdiff_t axis) {
  return along_axis("log_softmax", x, axis, kernels::log_softmax_rows, kernels::log_softmax_backward_rows);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
