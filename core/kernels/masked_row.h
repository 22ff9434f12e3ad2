#pragma once

// Pieces of the kernels that work on one row of attention scores. Only kernels include this file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/kernels/vector_math.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// y = exp(x - top), and the sum. The missing lanes of the last vector hold -inf and add 0 (or NaN where all is NaN).
inline Real exponentiate(const Real* x, Real* y, std::size_t n, Real top) {
  Vec total{};
  for_vectors(n, [&](std::size_t i, auto count) {
    const Vec e = exp(load_lanes(x + i, count, -kInfinity) - top);
    store_lanes(y + i, e, count);
    total += e;
  });
  return add_lanes(total);
}

inline void multiply(Real* y, std::size_t n, Real factor) {
  map([=](Vec v) { return v * factor; }, n, y, y);
}

inline void set_zero(Real* y, std::size_t n) {
  for_vectors(n, [&](std::size_t i, auto count) { store_lanes(y + i, Vec{}, count); });
}

using ByteLanes [[gnu::vector_size(kLanes)]] = std::uint8_t;

/// -1 per visible lane, 0 per hidden one; lanes beyond `count` are hidden.
template <class Count>
inline BitsVec visible_lanes(const std::uint8_t* visible, Count count) {
  ByteLanes bytes{};
  std::memcpy(&bytes, visible, count);
  return __builtin_convertvector(bytes, BitsVec) != Bits{0};
}

template <std::size_t... lane>
inline BitsVec lane_numbers(std::index_sequence<lane...>) {
  return BitsVec{static_cast<Bits>(lane)...};
}

/// -1 in the first `count` lanes, 0 in the others.
template <class Count>
inline BitsVec first_lanes(Count count) {
  return lane_numbers(std::make_index_sequence<kLanes>()) < static_cast<Bits>(count);
}

/// True when a bias hides key i.
inline bool bias_hides(const Real* bias, std::size_t i) { return bias != nullptr && bias[i] == -kInfinity; }

/// weights = scale * scores + bias where visible, else -inf; returns the maximum. The last vector is written whole, with
/// -inf beyond the n scores, as far as there is room: reading it back is then much faster than after a masked write.
inline Real biased_scores(const Real* scores, Real* weights, std::size_t n, std::size_t room, Real scale,
                          const Real* bias, const std::uint8_t* visible) {
  Vec top = splat(-kInfinity);
  for_vectors(n, [&](std::size_t i, auto count) {
    Vec score = load_lanes(scores + i, count) * scale;
    if (bias != nullptr) {
      const Vec added = load_lanes(bias + i, count);
      score = added == -kInfinity ? added : rounded(score) + added;  // hides NaN and +inf too
    }
    if (visible != nullptr) {
      score = visible_lanes(visible + i, count) ? score : splat(-kInfinity);
    } else {
      score = first_lanes(count) ? score : splat(-kInfinity);
    }
    if (i + kLanes <= room) {
      store(weights + i, score);
    } else {
      store_part(weights + i, score, room - i);
    }
    top = larger(score, top);
  });
  return largest_lane(top);
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
