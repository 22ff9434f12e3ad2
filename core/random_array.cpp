#include "core/random_array.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/parallel.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

// Elements drawn at a time, on the stack, and elements of a chunk.
constexpr std::size_t kPiece = 256;
constexpr std::size_t kGrain = 64 * kPiece;

template <class Fill>
Array drawn(const Shape& shape, Fill fill) {
  Array out = uninitialized(shape);
  const std::span<Real> values = flat(out);
  parallel_ranges(values.size(), kGrain, [&](std::size_t chunk_begin, std::size_t chunk_end) {
    std::array<double, kPiece> piece;
    for (std::size_t begin = chunk_begin; begin < chunk_end; begin += kPiece) {
      const std::span<double> drawn_values = std::span(piece).first(std::min(kPiece, chunk_end - begin));
      fill(drawn_values, begin);
      std::transform(drawn_values.begin(), drawn_values.end(), values.begin() + static_cast<std::ptrdiff_t>(begin),
                     [](double x) { return static_cast<Real>(x); });
    }
  });
  return out;
}

}  // namespace

Array random_uniform(const Shape& shape, double low, double high, const RandomKey& key) {
  // The largest Real below high: the draw is below high in double, but rounding could lift it there.
  auto top = static_cast<Real>(high);
  if (static_cast<double>(top) >= high) top = std::nextafter(top, static_cast<Real>(low));
  Array out =
      drawn(shape, [&](std::span<double> values, std::size_t first) { fill_uniform(values, low, high, key, first); });
  for (Real& value : flat(out)) value = std::min(value, top);
  return out;
}

Array random_normal(const Shape& shape, double mean, double deviation, const RandomKey& key) {
  return drawn(shape,
               [&](std::span<double> values, std::size_t first) { fill_normal(values, mean, deviation, key, first); });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
