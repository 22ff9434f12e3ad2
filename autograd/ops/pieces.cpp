#include "autograd/ops/pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "autograd/make_op.h"
#include "core/elementwise.h"
#include "core/error.h"
#include "core/rearrange.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// An array around one of its axes: `outer` repetitions of `extent` blocks of `inner` elements.
struct Around {
  std::size_t outer = 1;
  std::size_t extent = 1;
  std::size_t inner = 1;

  Around(const Shape& shape, std::size_t axis) : extent(shape[axis]) {
    for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
    for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  }
  std::size_t row() const { return extent * inner; }
};

/// A slice with its numbers checked.
struct Part {
  std::size_t begin;
  std::size_t step;
  std::size_t count;
};

Part checked_part(const Slice& part, const Shape& shape, std::size_t axis) {
  const auto extent = static_cast<std::ptrdiff_t>(shape[axis]);
  const auto refuse = [&](std::string_view what, std::string_view remedy) {
    const std::string end = part.end == Slice::kToTheEnd ? "the end" : std::to_string(part.end);
    raise<ShapeError>("slice", what,
                      fmt::format("{} to {} by {} on axis {} of {}", part.begin, end, part.step, axis,
                                  to_string(shape)),
                      remedy);
  };
  if (part.step < 1) refuse("the step is not positive", "give 1 or more");
  const auto from_start = [&](std::ptrdiff_t position, const char* what) {
    if (position < -extent || position > extent) {
      refuse(what, fmt::format("positions run from 0 to {}, or from {} counted from the end", extent, -extent));
    }
    return position < 0 ? position + extent : position;
  };
  const std::ptrdiff_t begin = from_start(part.begin, "begin is out of range");
  const std::ptrdiff_t end = part.end == Slice::kToTheEnd ? extent : from_start(part.end, "end is out of range");
  if (end < begin) refuse("end lies before begin", "exchange them; a reversed slice does not exist");
  const auto step = static_cast<std::size_t>(part.step);
  const auto length = static_cast<std::size_t>(end - begin);
  return {static_cast<std::size_t>(begin), step, length / step + (length % step != 0 ? 1 : 0)};
}

using MoveBlocks = void (*)(const Real* x, std::size_t x_step, Real* y, std::size_t y_step, Blocks blocks);

}  // namespace

// dx = g at begin + k step, 0 elsewhere
Tensor slice(const Tensor& x, const Slice& part) {
  const std::size_t axis = checked_axis(part.axis, x.rank(), "slice");
  const Part taken = checked_part(part, x.shape(), axis);
  const Around around(x.shape(), axis);
  Shape shape = x.shape();
  shape[axis] = taken.count;
  Array y(shape);
  const std::size_t y_row = taken.count * around.inner;
  const std::size_t first = taken.begin * around.inner;
  if (taken.step == 1) {
    copy_blocks(x.value().data() + first, around.row(), y.data(), y_row, {around.outer, y_row});
  } else {
    for (std::size_t outer = 0; outer < around.outer; ++outer) {
      copy_blocks(x.value().data() + outer * around.row() + first, taken.step * around.inner, y.data() + outer * y_row,
                  around.inner, {taken.count, around.inner});
    }
  }
  return make_op("slice", std::move(y), {x}, [taken, around, y_row, first](BackwardPass& pass) {
    const Array& g = pass.g();
    const GradientTarget target = pass.target(0);
    if (!target.accumulate) fill(target.array, 0);
    Real* const dx = target.array.data() + first;
    if (taken.step == 1) {
      add_blocks(g.data(), y_row, dx, around.row(), {around.outer, y_row});
    } else {
      for (std::size_t outer = 0; outer < around.outer; ++outer) {
        add_blocks(g.data() + outer * y_row, around.inner, dx + outer * around.row(), taken.step * around.inner,
                   {taken.count, around.inner});
      }
    }
  });
}

// dx = the gradients of the parts, side by side
std::vector<Tensor> split(const Tensor& x, const std::vector<std::size_t>& sizes, std::ptrdiff_t axis) {
  const std::size_t position = checked_axis(axis, x.rank(), "split");
  const Around around(x.shape(), position);
  std::size_t total = 0;
  bool fits = !sizes.empty();
  for (const std::size_t size : sizes) fits = fits && !__builtin_add_overflow(total, size, &total);
  if (!fits || total != around.extent) {
    raise<ShapeError>("split", sizes.empty() ? "no size is given" : "the sizes do not add up to the extent",
                      fmt::format("sizes ({}) on axis {} of {}", fmt::join(sizes, ", "), position,
                                  to_string(x.shape())),
                      fmt::format("give sizes whose sum is {}", around.extent));
  }
  std::vector<Array> parts;
  parts.reserve(sizes.size());
  const Real* from = x.value().data();
  for (const std::size_t size : sizes) {
    Shape shape = x.shape();
    shape[position] = size;
    const std::size_t width = size * around.inner;
    copy_blocks(from, around.row(), parts.emplace_back(shape).data(), width, {around.outer, width});
    from += width;
  }
  return make_ops("split", std::move(parts), {x}, [around, sizes](BackwardPass& pass) {
    const GradientTarget target = pass.target(0);
    Real* dx = target.array.data();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const std::size_t width = sizes[i] * around.inner;
      const Array* const g = i > 0 ? pass.g(i) : (pass.has_g() ? &pass.g() : nullptr);
      if (g != nullptr) {
        const MoveBlocks move = target.accumulate ? add_blocks : copy_blocks;
        move(g->data(), width, dx, around.row(), {around.outer, width});
      } else if (!target.accumulate) {
        fill_blocks(dx, around.row(), {around.outer, width}, 0);
      }
      dx += width;
    }
  });
}

// dpart = the part's own piece of g
Tensor concat(const std::vector<Tensor>& parts, std::ptrdiff_t axis) {
  if (parts.empty()) raise<ShapeError>("concat", "there are no parts", {}, "give at least one");
  const std::size_t position = checked_axis(axis, parts.front().rank(), "concat");
  Shape shape = parts.front().shape();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    Shape other = parts[i].shape();
    bool fits = other.size() == shape.size();
    if (fits) {
      fits = !__builtin_add_overflow(shape[position], other[position], &shape[position]);
      other[position] = shape[position];
    }
    if (!fits || other != shape) {
      raise<ShapeError>("concat", fmt::format("part {} does not fit to part 0", i),
                        fmt::format("{} and {} along axis {}", to_string(parts[i].shape()),
                                    to_string(parts.front().shape()), position),
                        "all axes but this one must be equal");
    }
  }
  element_count(shape, "concat");
  const Around around(shape, position);
  Array y(shape);
  Real* to = y.data();
  for (const Tensor& part : parts) {
    const std::size_t width = part.shape()[position] * around.inner;
    copy_blocks(part.value().data(), width, to, around.row(), {around.outer, width});
    to += width;
  }
  return make_op("concat", std::move(y), parts, [around, position, count = parts.size()](BackwardPass& pass) {
    const Real* from = pass.g().data();
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t width = pass.x(i).shape()[position] * around.inner;
      if (pass.needs(i)) {
        const GradientTarget target = pass.target(i);
        const MoveBlocks move = target.accumulate ? add_blocks : copy_blocks;
        move(from, around.row(), target.array.data(), width, {around.outer, width});
      }
      from += width;
    }
  });
}

// dx = the inner part of g
Tensor pad(const Tensor& x, const std::vector<Padding>& padding, Real value) {
  if (padding.size() != x.rank()) {
    raise<ShapeError>("pad", "the number of entries differs from the rank",
                      fmt::format("{} entries for shape {}", padding.size(), to_string(x.shape())),
                      "give one entry {before, after} per axis");
  }
  Shape shape = x.shape();
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (__builtin_add_overflow(shape[axis], padding[axis].before, &shape[axis]) ||
        __builtin_add_overflow(shape[axis], padding[axis].after, &shape[axis])) {
      raise<ShapeError>("pad", "the padding is too large",
                        fmt::format("{} before and {} after axis {} of {}", padding[axis].before, padding[axis].after,
                                    axis, to_string(x.shape())),
                        "check the sizes for an underflow such as 3 - 4");
    }
  }
  element_count(shape, "pad");
  // Where the inner part lies: its first element, and the steps between its axes.
  std::vector<std::ptrdiff_t, PoolAllocator<std::ptrdiff_t>> strides(shape.size());
  std::size_t first = 0;
  std::size_t step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = static_cast<std::ptrdiff_t>(step);
    first += padding[axis].before * step;
    step *= shape[axis];
  }
  Array y = full(shape, value);
  const std::size_t columns = x.rank() == 0 ? 1 : x.shape().back();
  const std::size_t rows = x.size() == 0 ? 0 : x.size() / columns;
  const auto row_offset = [strides, first](const Shape& inner, std::size_t row) {
    std::size_t offset = first;
    for (std::size_t axis = inner.size() - std::min<std::size_t>(1, inner.size()); axis-- > 0;) {
      offset += row % inner[axis] * static_cast<std::size_t>(strides[axis]);
      row /= inner[axis];
    }
    return offset;
  };
  const auto grain = (kElementGrain + columns) / (columns + 1);
  parallel_ranges(rows, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const Real* const from = x.value().data() + row * columns;
      std::copy(from, from + columns, y.data() + row_offset(x.shape(), row));
    }
  });
  return make_op("pad", std::move(y), {x}, [row_offset, rows, columns, grain](BackwardPass& pass) {
    Array dx(pass.x(0).shape());
    const Real* const g = pass.g().data();
    parallel_ranges(rows, grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        const Real* const from = g + row_offset(dx.shape(), row);
        std::copy(from, from + columns, dx.data() + row * columns);
      }
    });
    pass.give(0, std::move(dx));
  });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
