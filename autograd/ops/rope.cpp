#include "autograd/ops/rope.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <utility>

#include "autograd/make_op.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// (T, D / 2, 2): cosine and sine of each position's angles.
Array angles(std::size_t time, std::size_t pairs, const RopeOptions& options) {
  Array table = uninitialized({time, pairs, 2});
  for (std::size_t t = 0; t < time; ++t) {
    const double position = static_cast<double>(options.offset + static_cast<std::ptrdiff_t>(t));
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = position * std::pow(options.base, -static_cast<double>(i) / static_cast<double>(pairs));
      Real* const entry = table.data() + (t * pairs + i) * 2;
      entry[0] = static_cast<Real>(std::cos(angle));
      entry[1] = static_cast<Real>(std::sin(angle));
    }
  }
  return table;
}

/// direction 1 turns forward, -1 back.
Array turned(const Array& x, const Array& table, const RopeOptions& options, Real direction) {
  Array y(x.shape());
  const std::size_t time = x.shape()[1];
  const std::size_t width = x.shape()[2];
  const std::size_t size = width / options.heads;
  const std::size_t pairs = size / 2;
  const std::size_t step = options.pairing == RopePairing::halves ? 1 : 2;
  const std::size_t distance = options.pairing == RopePairing::halves ? pairs : 1;
  parallel_ranges(x.shape()[0] * time, 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const Real* const entries = table.data() + row % time * size;
      for (std::size_t h = 0; h < options.heads; ++h) {
        const Real* const from = x.data() + row * width + h * size;
        Real* const to = y.data() + row * width + h * size;
        for (std::size_t i = 0; i < pairs; ++i) {
          const Real cosine = entries[2 * i];
          const Real sine = direction * entries[2 * i + 1];
          const Real a = from[i * step];
          const Real b = from[i * step + distance];
          to[i * step] = a * cosine - b * sine;
          to[i * step + distance] = b * cosine + a * sine;
        }
      }
    }
  });
  return y;
}

}  // namespace

Tensor rope(const Tensor& x, const RopeOptions& options) {
  if (x.rank() != 3) raise<ShapeError>("rope", "x must be (B, T, H D)", to_string(x.shape()));
  if (options.heads == 0 || x.extent(2) % options.heads != 0 || x.extent(2) / options.heads % 2 != 0) {
    raise<ShapeError>("rope", fmt::format("the width is not {} heads of an even size", options.heads),
                      to_string(x.shape()), "elements turn in pairs: choose an even head size");
  }
  if (!(options.base > 0) || !std::isfinite(options.base)) {
    raise<ConfigError>("rope", "the base must be finite and above 0", fmt::format("{}", options.base));
  }
  const auto table = std::make_shared<const Array>(angles(x.extent(1), x.extent(2) / options.heads / 2, options));
  // A rotation's transpose is its inverse.
  return make_op("rope", turned(x.value(), *table, options, 1), {x},
                 [table, options](BackwardPass& pass) { pass.give(0, turned(pass.g(), *table, options, -1)); });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
