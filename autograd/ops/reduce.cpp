#include "autograd/ops/reduce.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "autograd/make_op.h"
#include "autograd/ops/scale.h"
#include "core/elementwise.h"
#include "core/error.h"
#include "core/kernels/elementary.h"
#include "core/kernels/softmax.h"
#include "core/rearrange.h"
#include "core/reduction.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr Real kLogOfZero = -std::numeric_limits<Real>::infinity();

using Axes = std::vector<std::size_t, PoolAllocator<std::size_t>>;

struct ReductionPlan {
  Shape kept;             // extent 1 on the reduced axes: broadcasts to x
  Shape result;           // the shape of y
  std::size_t count = 1;  // elements behind one element of y
  Axes order;             // the axes that stay, then the reduced ones
};

ReductionPlan plan(std::string_view op, const Shape& shape, const std::vector<std::ptrdiff_t>& axes, bool keep_dims) {
  std::vector<bool, PoolAllocator<bool>> reduced(shape.size(), axes.empty());
  for (const std::ptrdiff_t axis : axes) {
    const std::size_t position = checked_axis(axis, shape.size(), op);
    if (reduced[position]) {
      raise<ShapeError>(op, fmt::format("axis {} is named twice", position),
                        fmt::format("axes ({}) of shape {}", fmt::join(axes, ", "), to_string(shape)),
                        "name each axis once");
    }
    reduced[position] = true;
  }
  ReductionPlan reduction;
  reduction.kept = shape;
  reduction.result.resize(0);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (reduced[axis]) {
      reduction.count *= shape[axis];
      reduction.kept[axis] = 1;
    } else {
      reduction.order.push_back(axis);
    }
    if (!reduced[axis] || keep_dims) reduction.result.push_back(reduction.kept[axis]);
  }
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (reduced[axis]) reduction.order.push_back(axis);
  }
  return reduction;
}

void check_not_empty(std::string_view op, const ReductionPlan& reduction, const Shape& shape) {
  if (reduction.count > 0) return;
  raise<ShapeError>(op, "there is nothing to reduce", "shape " + to_string(shape),
                    "the reduced axes must not be empty");
}

}  // namespace

// dx = g, stretched over the reduced axes
Tensor sum(const Tensor& x, const ReduceOptions& options) {
  const ReductionPlan reduction = plan("sum", x.shape(), options.axes, options.keep_dims);
  return make_op("sum", reshaped(sum_to(x.value(), reduction.kept), reduction.result), {x},
                 [kept = reduction.kept](BackwardPass& pass) {
                   pass.give(0, broadcast_copy(reshaped(pass.take_g(), kept), pass.x(0).shape(), "sum"));
                 });
}

// dx = g / n, stretched over the reduced axes
Tensor mean(const Tensor& x, const ReduceOptions& options) {
  const ReductionPlan reduction = plan("mean", x.shape(), options.axes, options.keep_dims);
  check_not_empty("mean", reduction, x.shape());
  const Real weight = Real{1} / static_cast<Real>(reduction.count);
  Array y = sum_to(x.value(), reduction.kept);
  update(y, [n = static_cast<Real>(reduction.count)](Real p) { return p / n; });
  return make_op("mean", reshaped(std::move(y), reduction.result), {x},
                 [kept = reduction.kept, weight](BackwardPass& pass) {
                   Array g = reshaped(pass.take_g(), kept);
                   scale(g, weight);
                   pass.give(0, broadcast_copy(g, pass.x(0).shape(), "mean"));
                 });
}

// dx = 2 g (x - mean) / divisor: what reaches x through the mean is a multiple of sum(x - mean) = 0
Tensor var(const Tensor& x, const VarianceOptions& options) {
  const ReductionPlan reduction = plan("var", x.shape(), options.axes, options.keep_dims);
  if (reduction.count < (options.unbiased ? std::size_t{2} : std::size_t{1})) {
    raise<ShapeError>("var", "there are too few elements to reduce",
                      fmt::format("shape {}, {} behind each result", to_string(x.shape()), reduction.count),
                      options.unbiased ? "an unbiased variance needs at least 2" : "a variance needs at least 1");
  }
  const Real divisor = static_cast<Real>(options.unbiased ? reduction.count - 1 : reduction.count);
  Array center = sum_to(x.value(), reduction.kept);
  update(center, [n = static_cast<Real>(reduction.count)](Real p) { return p / n; });
  Array y = sum_to(zip("var", x.value(), center, [](Real p, Real m) { return (p - m) * (p - m); }), reduction.kept);
  update(y, [divisor](Real p) { return p / divisor; });
  return make_op("var", reshaped(std::move(y), reduction.result), {x},
                 [center = std::move(center), divisor](BackwardPass& pass) {
                   Array g = reshaped(pass.take_g(), center.shape());
                   scale(g, 2 / divisor);
                   Array dx = zip("var", pass.x(0), center, [](Real p, Real m) { return p - m; });
                   pass.give(0, zip("var", dx, g, [](Real p, Real q) { return p * q; }));
                 });
}

// dx = g / (number of x equal to y) where x = y, else 0
Tensor max(const Tensor& x, const ReduceOptions& options) {
  const ReductionPlan reduction = plan("max", x.shape(), options.axes, options.keep_dims);
  check_not_empty("max", reduction, x.shape());
  return make_op("max", reshaped(max_to(x.value(), reduction.kept), reduction.result), {x},
                 [kept = reduction.kept](BackwardPass& pass) {
                   const Array y = reshaped(pass.y(), kept);
                   Array g = reshaped(pass.take_g(), kept);
                   const Array is_largest =
                       zip("max", pass.x(0), y, [](Real p, Real m) { return p == m ? Real{1} : Real{0}; });
                   const Array count = sum_to(is_largest, kept);
                   update(
                       g, [](Real p, Real n) { return p / n; }, count);
                   // A product, so that the 0 / 0 of a NaN reaches all of its elements.
                   pass.give(0, zip("max", is_largest, g, [](Real p, Real q) { return p * q; }));
                 });
}

// dx = g e^(x - y)
Tensor logsumexp(const Tensor& x, const ReduceOptions& options) {
  const ReductionPlan reduction = plan("logsumexp", x.shape(), options.axes, options.keep_dims);
  Array y = uninitialized(reduction.result);
  const bool contiguous = std::is_sorted(reduction.order.begin(), reduction.order.end());
  const Array moved = contiguous ? Array() : permuted(x.value(), reduction.order);
  const Real* const from = contiguous ? x.value().data() : moved.data();
  const std::size_t columns = reduction.count;
  parallel_ranges(y.size(), columns == 0 ? kElementGrain : (kElementGrain + columns - 1) / columns,
                  [&](std::size_t begin, std::size_t end) {
                    kernels::logsumexp_rows(from + begin * columns, y.data() + begin, end - begin, columns);
                  });
  return make_op("logsumexp", std::move(y), {x}, [kept = reduction.kept](BackwardPass& pass) {
    const Array y_kept = reshaped(pass.y(), kept);
    const Array g = reshaped(pass.take_g(), kept);
    const Array difference =
        zip("logsumexp", pass.x(0), y_kept, [](Real p, Real m) { return m == kLogOfZero ? m : p - m; });
    pass.give(0, zip("logsumexp", map_spans(difference, kernels::exp), g, [](Real p, Real q) { return p * q; }));
  });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
