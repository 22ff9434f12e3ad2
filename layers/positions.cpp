#include "layers/positions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/gather.h"
#include "autograd/ops/pieces.h"
#include "core/error.h"
#include "core/machine.h"
#include "core/random.h"
#include "core/shape.h"
#include "layers/dropout.h"
#include "layers/memory_limit.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check_reach(std::size_t time, const PositionRange& range, const Context& context, const std::string& shown) {
  // Not offset + time, which could wrap around.
  if (time <= range.max_length && context.offset <= range.max_length - time) return;
  const std::string place = context.offset == 0 ? "" : fmt::format(" from position {} on", context.offset);
  raise<ShapeError>("positions",
                    fmt::format("the sequence has {} positions{}, the table {}", time, place, range.max_length), shown,
                    "raise model.max_len or shorten the input");
}

void check_sizes(const PositionRange& range, std::size_t width) {
  if (range.max_length == 0 || width == 0) {
    raise<ConfigError>("positions", "length and width must be at least 1",
                       fmt::format("max_length {}, width {}", range.max_length, width));
  }
  check_range(range);
}

/// `count` different numbers below `limit` in increasing order, each set equally likely (Floyd's algorithm: Bentley &
/// Floyd 1987, "A sample of brilliance", CACM 30).
std::vector<std::int32_t> sorted_sample(std::size_t count, std::size_t limit, Random random) {
  std::set<std::int32_t> drawn;
  for (std::size_t last = limit - count; last < limit; ++last) {
    const auto number = static_cast<std::int32_t>(random.uniform_below(last + 1));
    if (!drawn.insert(number).second) drawn.insert(static_cast<std::int32_t>(last));
  }
  return {drawn.begin(), drawn.end()};
}

Tensor add_rows(const Tensor& x, const Tensor& table, const PositionRange& range, const Context& context) {
  if (x.rank() != 3 || x.extent(2) != table.extent(1)) {
    raise<ShapeError>("positions", fmt::format("x must be (B, T, {})", table.extent(1)), to_string(x.shape()));
  }
  const std::size_t time = x.extent(1);
  check_reach(time, range, context, "x " + to_string(x.shape()));
  if (range.randomised != 0) return x + embedding(table, position_numbers(time, range, context));
  if (time == table.extent(0)) return x + table;
  const auto first = static_cast<std::ptrdiff_t>(context.offset);
  return x + slice(table, {.begin = first, .end = first + static_cast<std::ptrdiff_t>(time)});
}

}  // namespace

void check_range(const PositionRange& range) {
  if (range.max_length == 0) raise<ConfigError>("positions", "the length must be at least 1", "max_length 0");
  if (range.randomised != 0 && range.randomised < range.max_length) {
    raise<ConfigError>("positions", "there are fewer positions to draw from than a sequence may have",
                       fmt::format("randomised {}, max_length {}", range.randomised, range.max_length),
                       "draw from a longer range");
  }
}

Tokens position_numbers(std::size_t time, const PositionRange& range, const Context& context) {
  check_reach(time, range, context, {});
  Tokens numbers(Shape{time});
  if (range.randomised == 0 || !context.training) {
    const std::size_t rows = range.rows();
    for (std::size_t t = 0; t < time; ++t) {
      numbers.data()[t] = static_cast<std::int32_t>((context.offset + t) * rows / range.max_length);
    }
    return numbers;
  }
  if (context.offset != 0) {
    raise<StateError>("positions", "randomised positions are drawn for whole sequences",
                      fmt::format("training with offset {}", context.offset), "train on whole sequences");
  }
  const std::vector<std::int32_t> drawn =
      sorted_sample(time, range.randomised, Random(next_dropout_key(context, "positions")));
  std::copy(drawn.begin(), drawn.end(), numbers.data());
  return numbers;
}

Array sinusoidal_table(std::size_t length, std::size_t width) {
  check_sizes({.max_length = length}, width);
  check_memory("positions", element_count({length, width}), 1, machine_memory());
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

SinusoidalPositions::SinusoidalPositions(const PositionRange& range, std::size_t width) : range_(range) {
  check_sizes(range, width);
  table_ = Tensor(sinusoidal_table(range.rows(), width));
}

Tensor SinusoidalPositions::forward(const Tensor& x, const Context& context) {
  return add_rows(x, table_, range_, context);
}

LearnedPositions::LearnedPositions(const PositionRange& range, std::size_t width, Init& init) : range_(range) {
  check_sizes(range, width);
  table_ = parameter("weight", init.positions(range.rows(), width));
}

Tensor LearnedPositions::forward(const Tensor& x, const Context& context) {
  return add_rows(x, table_, range_, context);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
