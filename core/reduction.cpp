#include "core/reduction.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/elementwise.h"
#include "core/kernels/reduce.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

template <class T>
using Scratch = std::vector<T, PoolAllocator<T>>;

struct Sum {
  using Total = double;
  static constexpr Total kNothing = 0;
  static Total of_row(const Real* x, std::size_t n) { return kernels::sum(x, n); }
  static Total combine(Total a, Total b) { return a + b; }
};

struct Max {
  using Total = Real;
  static constexpr Total kNothing = -std::numeric_limits<Real>::infinity();
  static Total of_row(const Real* x, std::size_t n) { return kernels::max(x, n); }
  // NaN wins on either side: it is never smaller, and nothing is larger than it.
  static Total combine(Total a, Total b) { return b > a || b != b ? b : a; }
};

/// x seen as (outer, reduced, inner), and its middle axis reduced.
struct Pass {
  std::size_t outer;
  std::size_t reduced;
  std::size_t inner;
};

/// Axes of extent 1 play no part, and neighbours of one kind are one axis. What remains alternates, and each reduced
/// axis is one pass, the last one first.
Scratch<Pass> plan(const Shape& from, const Shape& to) {
  struct Group {
    std::size_t extent;
    bool reduced;
  };
  Scratch<Group> groups;
  const std::size_t missing = from.size() - to.size();
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    if (from[axis] == 1) continue;
    const bool reduced = axis < missing || to[axis - missing] == 1;
    if (!groups.empty() && groups.back().reduced == reduced) {
      groups.back().extent *= from[axis];
    } else {
      groups.push_back({from[axis], reduced});
    }
  }
  Scratch<Pass> passes;
  std::size_t outer = 1;
  for (const Group& group : groups) outer *= group.extent;
  std::size_t inner = 1;
  for (std::size_t i = groups.size(); i-- > 0;) {
    outer /= groups[i].extent;
    if (groups[i].reduced) {
      passes.push_back({outer, groups[i].extent, inner});
    } else {
      inner *= groups[i].extent;
    }
  }
  return passes;
}

// Each row in blocks of fixed size; the blocks' totals are combined in order.
template <class R>
void reduce_rows(const Real* x, Real* y, const Pass& pass) {
  constexpr std::size_t kReducedBlock = 4 * kElementGrain;
  if (pass.reduced <= kReducedBlock) {
    parallel_ranges(pass.outer, std::max<std::size_t>(1, kElementGrain / pass.reduced),
                    [&](std::size_t begin, std::size_t end) {
                      for (std::size_t row = begin; row < end; ++row) {
                        y[row] = static_cast<Real>(R::of_row(x + row * pass.reduced, pass.reduced));
                      }
                    });
    return;
  }
  const std::size_t blocks = (pass.reduced + kReducedBlock - 1) / kReducedBlock;
  Scratch<typename R::Total> totals(pass.outer * blocks);
  parallel_for(totals.size(), [&](std::size_t chunk) {
    const std::size_t begin = chunk % blocks * kReducedBlock;
    totals[chunk] = R::of_row(x + chunk / blocks * pass.reduced + begin, std::min(kReducedBlock, pass.reduced - begin));
  });
  for (std::size_t row = 0; row < pass.outer; ++row) {
    typename R::Total total = R::kNothing;
    for (std::size_t block = 0; block < blocks; ++block) total = R::combine(total, totals[row * blocks + block]);
    y[row] = static_cast<Real>(total);
  }
}

// Tiles of some rows and up to kTile columns, walked row by row with one running total per column.
template <class R>
void reduce_columns(const Real* x, Real* y, const Pass& pass) {
  using Total = typename R::Total;
  constexpr std::size_t kTile = 256;
  const std::size_t tiles = (pass.inner + kTile - 1) / kTile;
  const std::size_t rows_per_block = std::max<std::size_t>(64, kElementGrain / std::min(pass.inner, kTile));
  const std::size_t blocks = (pass.reduced + rows_per_block - 1) / rows_per_block;
  Scratch<Total> partial(blocks > 1 ? pass.outer * blocks * pass.inner : 0);
  const std::size_t work = std::min(pass.reduced, rows_per_block) * std::min(pass.inner, kTile);
  parallel_ranges(pass.outer * blocks * tiles, std::max<std::size_t>(1, kElementGrain / work),
                  [&](std::size_t first, std::size_t last) {
                    for (std::size_t task = first; task < last; ++task) {
                      const std::size_t column = task % tiles * kTile;
                      const std::size_t width = std::min(kTile, pass.inner - column);
                      const std::size_t part = task / tiles;  // counts blocks of rows through all of `outer`
                      const std::size_t outer = part / blocks;
                      const std::size_t begin = part % blocks * rows_per_block;
                      const std::size_t end = std::min(begin + rows_per_block, pass.reduced);
                      Total totals[kTile];
                      std::fill(totals, totals + width, R::kNothing);
                      for (std::size_t row = begin; row < end; ++row) {
                        const Real* const from = x + (outer * pass.reduced + row) * pass.inner + column;
#pragma omp simd
                        for (std::size_t i = 0; i < width; ++i)
                          totals[i] = R::combine(totals[i], static_cast<Total>(from[i]));
                      }
                      if (blocks > 1) {
                        std::copy(totals, totals + width, partial.data() + part * pass.inner + column);
                      } else {
                        for (std::size_t i = 0; i < width; ++i)
                          y[outer * pass.inner + column + i] = static_cast<Real>(totals[i]);
                      }
                    }
                  });
  if (blocks == 1) return;
  parallel_ranges(pass.outer * pass.inner, kElementGrain, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      const Total* const from = partial.data() + i / pass.inner * blocks * pass.inner + i % pass.inner;
      Total total = R::kNothing;
      for (std::size_t block = 0; block < blocks; ++block) total = R::combine(total, from[block * pass.inner]);
      y[i] = static_cast<Real>(total);
    }
  });
}

template <class R>
Array reduce(const Array& x, const Shape& shape) {
  if (x.size() == 0) return full(shape, static_cast<Real>(R::kNothing));
  const Scratch<Pass> passes = plan(x.shape(), shape);
  if (passes.empty()) return reshaped(x, shape);
  Array y;
  const Array* from = &x;
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const Pass& pass = passes[i];
    Array next(i + 1 == passes.size() ? shape : Shape{pass.outer * pass.inner});
    if (pass.inner == 1) {
      reduce_rows<R>(from->data(), next.data(), pass);
    } else {
      reduce_columns<R>(from->data(), next.data(), pass);
    }
    y = std::move(next);
    from = &y;
  }
  return y;
}

}  // namespace

Array sum_to(const Array& x, const Shape& shape) { return reduce<Sum>(x, shape); }
Array max_to(const Array& x, const Shape& shape) { return reduce<Max>(x, shape); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
