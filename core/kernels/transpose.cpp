#include "core/kernels/transpose.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/error.h"
#include "core/kernels/vec.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {
namespace {

constexpr std::size_t kMostAxes = 16;

// Exchanges, in each pair of rows (i, i + half), the upper lanes of the one with the lower lanes of the other. Done for
// half = 1, 2, 4, ... it transposes the square.
template <std::size_t half, std::size_t... lane>
[[gnu::always_inline]] inline void exchange(Vec* row, std::index_sequence<lane...>) {
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kLanes; ++i) {
    if ((i & half) != 0) continue;
    const Vec a = row[i];
    const Vec b = row[i + half];
    row[i] = __builtin_shufflevector(a, b, ((lane & half) != 0 ? kLanes + lane - half : lane)...);
    row[i + half] = __builtin_shufflevector(a, b, ((lane & half) != 0 ? kLanes + lane : lane + half)...);
  }
}

template <std::size_t half>
[[gnu::always_inline]] inline void exchange_all(Vec* row) {
  exchange<half>(row, std::make_index_sequence<kLanes>());
  if constexpr (2 * half < kLanes) exchange_all<2 * half>(row);
}

void transpose_square(const Real* x, std::size_t x_stride, Real* y, std::size_t y_stride) {
  Vec row[kLanes];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kLanes; ++i) row[i] = load(x + i * x_stride);
  exchange_all<1>(row);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kLanes; ++i) store(y + i * y_stride, row[i]);
}

struct Axis {
  std::size_t extent;
  std::ptrdiff_t from;  // stride in x
  std::ptrdiff_t to;    // stride in y
};

void copy_line(const Real* x, Real* y, const Axis& axis) {
  if (axis.from == 1) {
    std::copy_n(x, axis.extent, y);
  } else if (axis.from == 0) {
    std::fill_n(y, axis.extent, *x);
  } else {
    for (std::size_t i = 0; i < axis.extent; ++i) y[i] = x[static_cast<std::ptrdiff_t>(i) * axis.from];
  }
}

// Walks the outer axes; the innermost is a line, or together with an axis that is contiguous in x a transposition.
void copy_axes(const Real* x, Real* y, std::span<const Axis> outer, const Axis& inner, const Axis* contiguous) {
  if (outer.empty()) {
    if (contiguous == nullptr) return copy_line(x, y, inner);
    return transpose(x, static_cast<std::size_t>(inner.from), y, static_cast<std::size_t>(contiguous->to), inner.extent,
                     contiguous->extent);
  }
  const Axis& axis = outer.front();
  for (std::size_t i = 0; i < axis.extent; ++i) {
    const std::ptrdiff_t index = static_cast<std::ptrdiff_t>(i);
    copy_axes(x + index * axis.from, y + index * axis.to, outer.subspan(1), inner, contiguous);
  }
}

}  // namespace

void transpose(const Real* x, std::size_t x_stride, Real* y, std::size_t y_stride, std::size_t rows, std::size_t cols) {
  const std::size_t whole_rows = rows - rows % kLanes;
  const std::size_t whole_cols = cols - cols % kLanes;
  for (std::size_t i = 0; i < whole_rows; i += kLanes) {
    for (std::size_t j = 0; j < whole_cols; j += kLanes) {
      transpose_square(x + i * x_stride + j, x_stride, y + j * y_stride + i, y_stride);
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = i < whole_rows ? whole_cols : 0; j < cols; ++j) y[j * y_stride + i] = x[i * x_stride + j];
  }
}

void copy_strided(const Real* x, std::span<const std::size_t> shape, std::span<const std::ptrdiff_t> strides, Real* y,
                  std::size_t first, std::size_t last) {
  if (shape.empty() || shape.size() > kMostAxes || shape.size() != strides.size()) {
    raise<ShapeError>("copy_strided", "1 to 16 axes with one stride each are needed",
                      std::to_string(shape.size()) + " axes, " + std::to_string(strides.size()) + " strides");
  }
  // From the innermost outwards: axes of one element vanish, and an axis that continues the previous one joins it.
  std::array<Axis, kMostAxes> axes;
  std::size_t used = 0;
  std::ptrdiff_t to = 1;
  for (std::size_t k = shape.size(); k-- > 0;) {
    const std::size_t extent = k == 0 ? last - first : shape[k];
    if (extent == 0) return;
    if (extent != 1) {
      if (used > 0 && strides[k] == axes[used - 1].from * static_cast<std::ptrdiff_t>(axes[used - 1].extent)) {
        axes[used - 1].extent *= extent;
      } else {
        axes[used++] = {extent, strides[k], to};
      }
    }
    to *= static_cast<std::ptrdiff_t>(extent);
  }
  x += static_cast<std::ptrdiff_t>(first) * strides[0];
  if (used == 0) {
    *y = *x;
    return;
  }
  std::reverse(axes.begin(), axes.begin() + static_cast<std::ptrdiff_t>(used));
  const Axis inner = axes[--used];
  Axis contiguous{};
  bool transposed = false;
  for (std::size_t k = 0; k < used && inner.from > 1; ++k) {
    if (axes[k].from != 1) continue;
    contiguous = axes[k];
    transposed = true;
    std::copy(axes.begin() + static_cast<std::ptrdiff_t>(k) + 1, axes.begin() + static_cast<std::ptrdiff_t>(used),
              axes.begin() + static_cast<std::ptrdiff_t>(k));
    --used;
    break;
  }
  copy_axes(x, y, std::span<const Axis>(axes.data(), used), inner, transposed ? &contiguous : nullptr);
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
