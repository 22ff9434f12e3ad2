#include "layers/positions.h"

#include <fmt/format.h>

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/pieces.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

Tensor add_rows(const Tensor& x, const Tensor& table) {
  if (x.rank() != 3 || x.extent(2) != table.extent(1)) {
    raise<ShapeError>("positions", fmt::format("x must be (B, T, {})", table.extent(1)), to_string(x.shape()));
  }
  const std::size_t time = x.extent(1);
  if (time > table.extent(0)) {
    raise<ShapeError>("positions", fmt::format("the sequence has {} positions, the table {}", time, table.extent(0)),
                      "x " + to_string(x.shape()), "raise model.max_len or shorten the input");
  }
  if (time == table.extent(0)) return x + table;
  return x + slice(table, {.end = static_cast<std::ptrdiff_t>(time)});
}

void check_width(std::size_t max_length, std::size_t width) {
  if (max_length == 0 || width == 0) {
    raise<ConfigError>("positions", "length and width must be at least 1",
                       fmt::format("max_length {}, width {}", max_length, width));
  }
}

}  // namespace

Array sinusoidal_table(std::size_t length, std::size_t width) {
  check_width(length, width);
  Array table = uninitialized({length, width});
  for (std::size_t t = 0; t < length; ++t) {
    for (std::size_t c = 0; c < width; ++c) {
      const double exponent = static_cast<double>(c - c % 2) / static_cast<double>(width);
      const double angle = static_cast<double>(t) / std::pow(10000.0, exponent);
      table.data()[t * width + c] = static_cast<Real>(c % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
  return table;
}

SinusoidalPositions::SinusoidalPositions(std::size_t max_length, std::size_t width)
    : table_(sinusoidal_table(max_length, width)) {}

Tensor SinusoidalPositions::forward(const Tensor& x, const Context&) { return add_rows(x, table_); }

LearnedPositions::LearnedPositions(std::size_t max_length, std::size_t width, Init& init) {
  check_width(max_length, width);
  table_ = parameter("weight", init.embedding(max_length, width));
}

Tensor LearnedPositions::forward(const Tensor& x, const Context&) { return add_rows(x, table_); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
