#include "core/gemm.h"

#include <fmt/format.h>

#include <algorithm>
#include <complex>
#include <string>
#include <string_view>
#include <utility>

#define WITH_OPENBLAS
#include <xflens/cxxblas/cxxblas.cxx>

#include "core/blas.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

// Blocks of C, measured on the shapes of linear layers (width 32 to 1024): smaller ones pack too much per product,
// larger ones leave a thread idle at the end.
constexpr std::size_t kBlock = 128;
constexpr std::size_t kBlockArea = 65536;
constexpr std::size_t kTallBlock = 256;
constexpr std::size_t kTall = 2048;    // rows from which a block has kTallBlock of them
constexpr std::size_t kRowBlocks = 4;  // so many row blocks suffice: columns stay whole
constexpr std::size_t kRowMultiple = 8;
// Multiplications that are worth a chunk of their own: about 1 us of one core.
constexpr std::size_t kChunkWork = 50'000;

std::string describe(const ConstMatrix& a) {
  return fmt::format("({}, {}){}", a.rows, a.cols, a.transposed ? " transposed" : "");
}

void check(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c) {
  const auto shapes = [&] { return fmt::format("A {}, B {}, C ({}, {})", describe(a), describe(b), c.rows, c.cols); };
  if (a.cols != b.rows || a.rows != c.rows || b.cols != c.cols) {
    raise<ShapeError>("matrix product", "the shapes do not fit", shapes(),
                      "A (m, k), B (k, n) and C (m, n) are needed");
  }
  const auto check_stride = [&](std::size_t stored_cols, std::size_t stride, std::string_view name) {
    if (stride < stored_cols) {
      raise<ShapeError>("matrix product", fmt::format("rows of {} overlap", name),
                        fmt::format("stride {} for {} columns; {}", stride, stored_cols, shapes()));
    }
  };
  check_stride(a.transposed ? a.rows : a.cols, a.stride, "A");
  check_stride(b.transposed ? b.rows : b.cols, b.stride, "B");
  check_stride(c.cols, c.stride, "C");
  if (!std::in_range<int>(std::max({a.rows, a.cols, b.cols, a.stride, b.stride, c.stride}))) {
    raise<ShapeError>("matrix product", "an extent or a stride exceeds the range of int", shapes(),
                      "split the product");
  }
}

void scale(Real beta, const Matrix& c) {
  if (beta == Real{1}) return;
  for (std::size_t row = 0; row < c.rows; ++row) {
    Real* const values = c.data + row * c.stride;
    for (std::size_t col = 0; col < c.cols; ++col) values[col] = beta == Real{0} ? Real{0} : beta * values[col];
  }
}

void multiply(Real alpha, const ConstMatrix& a, const ConstMatrix& b, Real beta, const Matrix& c) {
  if (c.rows == 0 || c.cols == 0) return;
  if (a.cols == 0 || alpha == Real{0}) return scale(beta, c);
  const auto transpose = [](const ConstMatrix& m) { return m.transposed ? cxxblas::Trans : cxxblas::NoTrans; };
  // xtensor gives an axis of extent 1 the stride 0, which BLAS refuses.
  const auto leading = [](std::size_t stride) { return static_cast<int>(std::max<std::size_t>(stride, 1)); };
  cxxblas::gemm(cxxblas::RowMajor, transpose(a), transpose(b), static_cast<int>(c.rows), static_cast<int>(c.cols),
                static_cast<int>(a.cols), alpha, a.data, leading(a.stride), b.data, leading(b.stride), beta, c.data,
                leading(c.stride));
}

ConstMatrix cols_of(const ConstMatrix& a, std::size_t begin, std::size_t count) {
  return transposed(rows_of(transposed(a), begin, count));
}

std::size_t blocks_of(std::size_t extent, std::size_t block) { return (extent + block - 1) / block; }

// Splits an extent into about `blocks` equal ones.
std::size_t block_extent(std::size_t extent, std::size_t blocks) {
  const std::size_t exact = blocks_of(extent, blocks);
  return std::min(blocks_of(exact, kRowMultiple) * kRowMultiple, extent);
}

struct Grid {
  std::size_t block_rows;
  std::size_t block_cols;
  std::size_t row_blocks;
  std::size_t col_blocks;

  std::size_t blocks() const { return row_blocks * col_blocks; }
};

// Many rows are cut into rows alone, so that the columns stay whole. Few, as a weight's gradient has, are halved along
// the longer side until a block is small enough and no thread of two is left idle.
Grid make_grid(std::size_t rows, std::size_t cols, std::size_t depth) {
  Grid grid{gemm_row_grain(rows), cols, 0, 0};
  if (blocks_of(rows, grid.block_rows) < kRowBlocks) {
    grid.block_rows = rows;
    const std::size_t least = rows * cols * depth >= 2 * kChunkWork ? 2 : 1;
    for (std::size_t blocks = std::max(blocks_of(rows * cols, kBlockArea), least); blocks > 1;
         blocks = blocks_of(blocks, 2)) {
      std::size_t& longer = grid.block_rows >= grid.block_cols ? grid.block_rows : grid.block_cols;
      longer = block_extent(longer, 2);
    }
  }
  grid.row_blocks = blocks_of(rows, grid.block_rows);
  grid.col_blocks = blocks_of(cols, grid.block_cols);
  return grid;
}

void multiply_block(const Grid& grid, std::size_t block, Real alpha, const ConstMatrix& a, const ConstMatrix& b,
                    Real beta, const Matrix& c) {
  const std::size_t row = block / grid.col_blocks * grid.block_rows;
  const std::size_t col = block % grid.col_blocks * grid.block_cols;
  const std::size_t rows = std::min(grid.block_rows, c.rows - row);
  const std::size_t cols = std::min(grid.block_cols, c.cols - col);
  multiply(alpha, rows_of(a, row, rows), cols_of(b, col, cols), beta,
           {c.data + row * c.stride + col, rows, cols, c.stride});
}

}  // namespace

ConstMatrix as_matrix(const Array& a) {
  if (a.dimension() == 0) raise<ShapeError>("matrix", "a scalar is no matrix", "shape ()", "give it an axis");
  // The product of the leading axes, not size / columns: a matrix without columns still has its rows.
  std::size_t rows = 1;
  for (std::size_t axis = 0; axis + 1 < a.dimension(); ++axis) rows *= a.shape()[axis];
  return {a.data(), rows, a.shape().back(), a.shape().back()};
}

Matrix as_matrix(Array& a) {
  const ConstMatrix m = as_matrix(static_cast<const Array&>(a));
  return {a.data(), m.rows, m.cols, m.stride};
}

void gemm(Real alpha, const ConstMatrix& a, const ConstMatrix& b, Real beta, const Matrix& c) {
  check(a, b, c);
  keep_blas_single_threaded();
  multiply(alpha, a, b, beta, c);
}

void parallel_gemm(Real alpha, const ConstMatrix& a, const ConstMatrix& b, Real beta, const Matrix& c) {
  batched_gemm(1, alpha, a, 0, b, 0, beta, c, 0);
}

void batched_gemm(std::size_t count, Real alpha, const ConstMatrix& a, std::size_t a_step, const ConstMatrix& b,
                  std::size_t b_step, Real beta, const Matrix& c, std::size_t c_step) {
  check(a, b, c);
  if (count > 1 && c_step == 0) {
    raise<ShapeError>("matrix product", "all products of the batch have the same result",
                      fmt::format("{} products, step of C 0", count), "give C a step");
  }
  if (count == 0 || c.rows == 0 || c.cols == 0) return;
  keep_blas_single_threaded();
  const Grid grid = make_grid(c.rows, c.cols, a.cols);
  // Small products share a chunk.
  const std::size_t block_work = grid.block_rows * grid.block_cols * std::max<std::size_t>(a.cols, 1);
  const std::size_t blocks_per_chunk = std::max<std::size_t>(kChunkWork / block_work, 1);
  parallel_ranges(count * grid.blocks(), blocks_per_chunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t product = i / grid.blocks();
      ConstMatrix a_i = a;
      ConstMatrix b_i = b;
      Matrix c_i = c;
      a_i.data += product * a_step;
      b_i.data += product * b_step;
      c_i.data += product * c_step;
      multiply_block(grid, i % grid.blocks(), alpha, a_i, b_i, beta, c_i);
    }
  });
}

std::size_t gemm_row_grain(std::size_t rows) {
  if (rows == 0) return 1;
  std::size_t blocks = blocks_of(rows, rows >= kTall ? kTallBlock : kBlock);
  if (blocks > 1) blocks += blocks % 2;  // an odd one at the end would leave a thread idle
  return block_extent(rows, blocks);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
