#include "autograd/ops/gather.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/make_op.h"
#include "core/elementwise.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/rearrange.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

template <class T>
using Scratch = std::vector<T, PoolAllocator<T>>;

void check_numbers(std::string_view op, std::string_view noun, const Tokens& numbers, std::size_t count,
                   std::string_view of_what) {
  const auto outside = [count](std::int32_t n) { return n < 0 || static_cast<std::size_t>(n) >= count; };
  const std::span<const std::int32_t> all = flat(numbers);
  const auto bad = std::find_if(all.begin(), all.end(), outside);
  if (bad == all.end()) return;
  Shape place = numbers.shape();
  auto rest = static_cast<std::size_t>(bad - all.begin());
  for (std::size_t axis = place.size(); axis-- > 0;) {
    place[axis] = rest % numbers.shape()[axis];
    rest /= numbers.shape()[axis];
  }
  raise<ShapeError>(op,
                    fmt::format("{} {} at {} of {} is out of range", noun, *bad, to_string(place),
                                to_string(numbers.shape())),
                    fmt::format("{} {}", of_what, count),
                    count == 0 ? "nothing can be picked from it" : fmt::format("it must lie in 0 to {}", count - 1));
}

/// The positions sorted by id, by counting; those of id v are order[begin[v]] ... order[begin[v + 1] - 1], ascending.
struct SortedIds {
  Scratch<std::size_t> begin;
  Scratch<std::size_t> order;

  SortedIds(std::span<const std::int32_t> ids, std::size_t count) : begin(count + 1, 0), order(ids.size()) {
    for (const std::int32_t id : ids) ++begin[static_cast<std::size_t>(id) + 1];
    for (std::size_t v = 0; v < count; ++v) begin[v + 1] += begin[v];
    Scratch<std::size_t> next(begin.begin(), begin.end() - 1);
    for (std::size_t i = 0; i < ids.size(); ++i) order[next[static_cast<std::size_t>(ids[i])]++] = i;
  }
};

// Chunks are blocks of columns two cache lines wide or more: each table element belongs to one chunk, and each id's
// rows are summed in double before its row of the table is touched once.
void add_rows_by_id(const Array& g, const SortedIds& sorted, Array& table) {
  constexpr std::size_t kLine = 64 / sizeof(Real);
  constexpr std::size_t kWidest = 256;
  const std::size_t rows = std::max<std::size_t>(1, sorted.order.size());
  const std::size_t columns = table.shape()[1];
  const std::size_t width = std::clamp((4 * kElementGrain / rows + kLine - 1) / kLine * kLine, 2 * kLine, kWidest);
  parallel_ranges(columns, width, [&](std::size_t first, std::size_t last) {
    double totals[kWidest];
    for (std::size_t v = 0; v + 1 < sorted.begin.size(); ++v) {
      if (sorted.begin[v] == sorted.begin[v + 1]) continue;
      std::fill(totals, totals + (last - first), 0.0);
      for (std::size_t k = sorted.begin[v]; k < sorted.begin[v + 1]; ++k) {
        const Real* const from = g.data() + sorted.order[k] * columns + first;
#pragma omp simd
        for (std::size_t i = 0; i < last - first; ++i) totals[i] += static_cast<double>(from[i]);
      }
      Real* const to = table.data() + v * columns + first;
      for (std::size_t i = 0; i < last - first; ++i) to[i] += static_cast<Real>(totals[i]);
    }
  });
}

}  // namespace

// dtable(v) = sum of g at the positions with id v, written straight into the table's gradient
Tensor embedding(const Tensor& table, const Tokens& ids) {
  if (table.rank() != 2) {
    raise<ShapeError>("embedding", "the table is not a matrix", "shape " + to_string(table.shape()),
                      "give one row per id: (V, C)");
  }
  const std::size_t columns = table.shape()[1];
  check_numbers("embedding", "id", ids, table.shape()[0], "V is");
  Shape shape = ids.shape();
  shape.push_back(columns);
  Array y = uninitialized(shape);
  const Real* const from = table.value().data();
  const std::int32_t* const id = ids.data();
  parallel_ranges(ids.size(), kElementGrain / (columns + 1) + 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const Real* const row = from + static_cast<std::size_t>(id[i]) * columns;
      std::copy(row, row + columns, y.data() + i * columns);
    }
  });
  return make_op("embedding", std::move(y), {table}, [ids](BackwardPass& pass) {
    const Array& g = pass.g();
    const GradientTarget target = pass.target(0);
    if (!target.accumulate) fill(target.array, 0);
    add_rows_by_id(g, SortedIds(flat(ids), target.array.shape()[0]), target.array);
  });
}

// dx(..., j, ...) = sum of g(..., i, ...) over the i with index j
Tensor gather(const Tensor& x, std::ptrdiff_t axis, const Tokens& index) {
  const std::size_t position = checked_axis(axis, x.rank(), "gather");
  Shape wanted = x.shape();
  if (index.dimension() == x.rank()) wanted[position] = index.shape()[position];
  if (index.shape() != wanted) {
    raise<ShapeError>("gather", "the shapes of x and index do not fit",
                      fmt::format("x {}, index {}, axis {}", to_string(x.shape()), to_string(index.shape()), position),
                      "all axes but this one must be equal");
  }
  const std::size_t extent = x.shape()[position];
  check_numbers("gather", "index", index, extent, fmt::format("the extent of axis {} is", position));
  std::size_t inner = 1;
  for (std::size_t i = position + 1; i < wanted.size(); ++i) inner *= wanted[i];
  const std::size_t picks = wanted[position];
  Array y(wanted);
  const std::size_t outer = y.size() == 0 ? 0 : y.size() / (picks * inner);
  const std::size_t grain = kElementGrain / (picks * inner + 1) + 1;
  parallel_ranges(outer, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t place = begin * picks * inner; place < end * picks * inner; ++place) {
      const std::size_t picked = static_cast<std::size_t>(index.data()[place]);
      y.data()[place] = x.value().data()[(place / (picks * inner) * extent + picked) * inner + place % inner];
    }
  });
  return make_op("gather", std::move(y), {x}, [index, outer, picks, inner, extent, grain](BackwardPass& pass) {
    const Array& g = pass.g();
    const GradientTarget target = pass.target(0);
    if (!target.accumulate) fill(target.array, 0);
    pool_reserve(extent * inner * sizeof(double), thread_count());  // so that its size does not depend on chance
    parallel_ranges(outer, grain, [&](std::size_t begin, std::size_t end) {
      Scratch<double> totals(extent * inner);
      for (std::size_t block = begin; block < end; ++block) {
        std::fill(totals.begin(), totals.end(), 0.0);
        for (std::size_t i = 0; i < picks * inner; ++i) {
          const std::size_t place = block * picks * inner + i;
          const auto picked = static_cast<std::size_t>(index.data()[place]);
          totals[picked * inner + i % inner] += static_cast<double>(g.data()[place]);
        }
        Real* const to = target.array.data() + block * extent * inner;
        for (std::size_t i = 0; i < totals.size(); ++i) to[i] += static_cast<Real>(totals[i]);
      }
    });
  });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
