#pragma once

#include <cstddef>
#include <span>

#include "core/real.h"

/// Copies that reorder axes. Inputs and outputs must not overlap.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// y[j * y_stride + i] = x[i * x_stride + j] for i < rows, j < cols, in blocks that fit the cache's lines.
void transpose(const Real* x, std::size_t x_stride, Real* y, std::size_t y_stride, std::size_t rows, std::size_t cols);

/// Copies the strided array x (strides in elements, one per axis; 0 repeats) to contiguous row-major memory. Only the
/// part with first <= index on the outermost axis < last is copied, to y[0] onwards: callers split that axis over
/// threads. Throws ShapeError unless there are 1 to 16 axes and as many strides.
void copy_strided(const Real* x, std::span<const std::size_t> shape, std::span<const std::ptrdiff_t> strides, Real* y,
                  std::size_t first, std::size_t last);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
