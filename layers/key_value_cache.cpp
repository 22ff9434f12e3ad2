#include "layers/key_value_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "autograd/ops/pieces.h"
#include "core/error.h"
#include "core/rearrange.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

Array beginning_of(const Array& a, std::size_t length) {
  const std::size_t width = a.shape()[2];
  Array kept = uninitialized({a.shape()[0], length, width});
  for (std::size_t b = 0; b < a.shape()[0]; ++b) {
    const Real* const from = a.data() + b * a.shape()[1] * width;
    std::copy(from, from + length * width, kept.data() + b * length * width);
  }
  return kept;
}

}  // namespace

std::size_t KeyValueCache::length() const {
  // The shortest: should a run have stopped half way, some layers hold more.
  std::size_t length = std::numeric_limits<std::size_t>::max();
  for (const auto& [path, entry] : entries_) {
    if (!entry.cross) length = std::min(length, entry.length());
  }
  return length == std::numeric_limits<std::size_t>::max() ? 0 : length;
}

void KeyValueCache::reorder(const std::vector<std::size_t>& members) {
  for (const auto& [path, entry] : entries_) {
    if (!entry.filled) continue;
    for (const std::size_t member : members) {
      if (member < entry.key.shape()[0]) continue;
      raise<ShapeError>("key_value_cache", fmt::format("there is no batch member {}", member),
                        fmt::format("the cache of `{}` has {}", path, entry.key.shape()[0]));
    }
  }
  for (auto& [path, entry] : entries_) {
    if (!entry.filled) continue;
    for (Array* const array : {&entry.key, &entry.value, &entry.value_input}) {
      if (array->dimension() == 3) *array = rows_taken(*array, members);
    }
  }
}

void KeyValueCache::truncate(std::size_t length) {
  if (length > this->length()) {
    raise<ShapeError>("key_value_cache", "there are fewer positions to keep",
                      fmt::format("{} wanted, {} held", length, this->length()));
  }
  for (auto& [path, entry] : entries_) {
    if (!entry.filled || entry.cross) continue;
    for (Array* const array : {&entry.key, &entry.value, &entry.value_input}) {
      if (array->dimension() == 3) *array = beginning_of(*array, length);
    }
  }
}

Tensor append_to_cache(Array& past, bool filled, const Tensor& now) {
  if (!filled) {
    past = now.value();
    return now;
  }
  const Shape& held = past.shape();
  if (held[0] != now.extent(0) || held[2] != now.extent(2)) {
    raise<ShapeError>("key_value_cache", "the new positions do not fit those in the cache",
                      fmt::format("cache {}, new {}", to_string(held), to_string(now.shape())),
                      "use one cache per generation, and reorder() when the batch changes");
  }
  Tensor all = concat({Tensor(past), now}, 1);
  past = all.value();
  return all;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
