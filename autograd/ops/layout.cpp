#include "autograd/ops/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "autograd/make_op.h"
#include "core/elementwise.h"
#include "core/error.h"
#include "core/rearrange.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Axes = std::vector<std::size_t, PoolAllocator<std::size_t>>;

Tensor transpose_by(const Tensor& x, Axes order) {
  Axes inverse(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) inverse[order[i]] = i;
  return make_op("transpose", permuted(x.value(), order), {x},
                 [inverse = std::move(inverse)](BackwardPass& pass) { pass.give(0, permuted(pass.g(), inverse)); });
}

}  // namespace

Shape NewShape::resolved(const Shape& from) const {
  const auto refuse = [&](std::string_view what, std::string_view remedy) {
    std::string wanted;
    for (const Extent& extent : extents_) {
      if (!wanted.empty()) wanted += ", ";
      wanted += extent.is_negative() ? std::to_string(static_cast<std::ptrdiff_t>(extent.value()))
                                     : std::to_string(extent.value());
    }
    raise<ShapeError>("reshape", what, fmt::format("{} to ({})", to_string(from), wanted), remedy);
  };
  const std::size_t count = element_count(from, "reshape");
  Shape shape(extents_.size());
  std::optional<std::size_t> open;
  for (std::size_t axis = 0; axis < extents_.size(); ++axis) {
    shape[axis] = extents_[axis].value();
    if (!extents_[axis].is_negative()) continue;
    if (shape[axis] != static_cast<std::size_t>(-1)) {
      refuse("an extent is negative", "give sizes, or -1 for what remains");
    }
    if (open.has_value()) refuse("more than one extent is -1", "only one can be inferred");
    open = axis;
    shape[axis] = 1;
  }
  const std::size_t given = element_count(shape, "reshape");
  if (open.has_value()) {
    if (given == 0) refuse("the extent for -1 cannot be inferred", "with an extent of 0 every size would do: give it");
    if (count % given != 0) {
      refuse("no extent for -1 fits", fmt::format("{} elements are not a multiple of {}", count, given));
    }
    shape[*open] = count / given;
  } else if (given != count) {
    refuse("the number of elements differs", fmt::format("{} elements cannot become {}", count, given));
  }
  return shape;
}

// dx = g under the old shape
Tensor reshape(const Tensor& x, const NewShape& shape) {
  const Shape wanted = shape.resolved(x.shape());
  Array y(wanted);
  copy_blocks(x.value().data(), 0, y.data(), 0, {.rows = 1, .columns = y.size()});
  return make_op("reshape", std::move(y), {x},
                 [](BackwardPass& pass) { pass.give(0, reshaped(pass.take_g(), pass.x(0).shape())); });
}

// dx = g with the axes in their old order
Tensor transpose(const Tensor& x, const std::vector<std::ptrdiff_t>& axes) {
  const std::size_t rank = x.rank();
  Axes order(rank);
  if (axes.empty()) {
    std::iota(order.rbegin(), order.rend(), std::size_t{0});
    return transpose_by(x, std::move(order));
  }
  const std::string values = fmt::format("axes ({}) for shape {}", fmt::join(axes, ", "), to_string(x.shape()));
  if (axes.size() != rank) {
    raise<ShapeError>("transpose", "the number of axes differs from the rank", values, "name every axis once");
  }
  for (std::size_t i = 0; i < rank; ++i) {
    order[i] = checked_axis(axes[i], rank, "transpose");
    if (std::find(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(i), order[i]) !=
        order.begin() + static_cast<std::ptrdiff_t>(i)) {
      raise<ShapeError>("transpose", fmt::format("axis {} is named twice", order[i]), values, "name every axis once");
    }
  }
  return transpose_by(x, std::move(order));
}

Tensor transpose(const Tensor& x, std::ptrdiff_t axis, std::ptrdiff_t other) {
  const std::size_t first = checked_axis(axis, x.rank(), "transpose");
  const std::size_t second = checked_axis(other, x.rank(), "transpose");
  Axes order(x.rank());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::swap(order[first], order[second]);
  return transpose_by(x, std::move(order));
}

// dx = g summed over the stretched axes: the engine does it
Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  return make_op("broadcast_to", broadcast_copy(x.value(), shape, "broadcast_to"), {x},
                 [](BackwardPass& pass) { pass.give(0, pass.take_g()); });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
