#include "layers/padding.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

bool any_below(const std::vector<std::size_t>& lengths, std::size_t time) {
  return std::any_of(lengths.begin(), lengths.end(), [&](std::size_t length) { return length < time; });
}

}  // namespace

std::vector<std::size_t> real_lengths(const Tensor& x, const Mask& mask, const char* layer, std::size_t first) {
  if (x.rank() < 2) raise<ShapeError>(layer, "x must be (B, T, C)", to_string(x.shape()));
  const std::size_t batch = x.extent(0);
  const std::size_t time = x.extent(1);
  std::optional<std::vector<std::size_t>> given = mask.lengths();
  if (!given.has_value()) return std::vector<std::size_t>(batch, time);
  if (given->size() != batch) {
    raise<ShapeError>(layer, "the mask's lengths are those of another batch",
                      fmt::format("{} lengths, x {}", given->size(), to_string(x.shape())),
                      "give Mask::padding one length per batch member");
  }
  for (std::size_t& length : *given) length = std::min(length - std::min(first, length), time);
  return *std::move(given);
}

bool has_padding(const Tensor& x, const Mask& mask, const char* layer, std::size_t first) {
  return any_below(real_lengths(x, mask, layer, first), x.extent(1));
}

Condition real_positions(const std::vector<std::size_t>& lengths, std::size_t time) {
  Tokens real(Shape{lengths.size(), time, 1});
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    for (std::size_t t = 0; t < time; ++t) real.data()[b * time + t] = t < lengths[b] ? 1 : 0;
  }
  return Condition(std::move(real));
}

Tensor zero_padding(const Tensor& x, const Mask& mask, const char* layer, std::size_t first) {
  const std::vector<std::size_t> lengths = real_lengths(x, mask, layer, first);
  return any_below(lengths, x.extent(1)) ? where(real_positions(lengths, x.extent(1)), x, Real{0}) : x;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
