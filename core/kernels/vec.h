#pragma once

// One SIMD register of Real as a vector type of g++ and clang, so that a kernel's body and its tail are the same
// instructions on the same lanes: an element's bits cannot depend on where it stands. Only kernels include this file.
// The compiler may fuse a product and a sum; to fuse alike in body and tail, multiply nothing that is constant in both.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "core/real.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

#if defined(__AVX512F__)
inline constexpr std::size_t kVectorBytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t kVectorBytes = 32;
#else
inline constexpr std::size_t kVectorBytes = 16;
#endif

inline constexpr std::size_t kLanes = kVectorBytes / sizeof(Real);
inline constexpr Real kInfinity = std::numeric_limits<Real>::infinity();

using Bits = std::conditional_t<sizeof(Real) == 4, std::int32_t, std::int64_t>;
using Vec [[gnu::vector_size(kVectorBytes)]] = Real;
using BitsVec [[gnu::vector_size(kVectorBytes)]] = Bits;  // comparisons give -1 (true) or 0 per lane
using DoubleVec [[gnu::vector_size(kVectorBytes)]] = double;

inline Vec splat(Real value) { return Vec{} + value; }
inline BitsVec to_bits(Vec v) { return reinterpret_cast<BitsVec>(v); }
inline Vec from_bits(BitsVec v) { return reinterpret_cast<Vec>(v); }

/// A product that stays one: it is rounded before anything is added to it.
inline Vec rounded(Vec product) {
#if defined(__clang__)
  return product;  // clang fuses within one expression only
#else
  return __builtin_assoc_barrier(product);
#endif
}

inline Vec load(const Real* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store(Real* p, Vec v) { std::memcpy(p, &v, sizeof v); }

#if defined(__AVX512F__)
/// The first `count` < kLanes elements at p; `fill` in the other lanes. Touches no memory beyond them.
inline Vec load_part(const Real* p, std::size_t count, Real fill = 0) {
  const unsigned lanes = (1U << count) - 1U;
  if constexpr (std::is_same_v<Real, float>) {
    return reinterpret_cast<Vec>(
        _mm512_mask_loadu_ps(reinterpret_cast<__m512>(splat(fill)), static_cast<__mmask16>(lanes), p));
  } else {
    return reinterpret_cast<Vec>(
        _mm512_mask_loadu_pd(reinterpret_cast<__m512d>(splat(fill)), static_cast<__mmask8>(lanes), p));
  }
}
inline void store_part(Real* p, Vec v, std::size_t count) {
  const unsigned lanes = (1U << count) - 1U;
  if constexpr (std::is_same_v<Real, float>) {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>(lanes), reinterpret_cast<__m512>(v));
  } else {
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>(lanes), reinterpret_cast<__m512d>(v));
  }
}
#else
/// The first `count` < kLanes elements at p; `fill` in the other lanes. Touches no memory beyond them.
inline Vec load_part(const Real* p, std::size_t count, Real fill = 0) {
  Vec v = splat(fill);
  for (std::size_t lane = 0; lane < count; ++lane) v[lane] = p[lane];
  return v;
}
inline void store_part(Real* p, Vec v, std::size_t count) {
  for (std::size_t lane = 0; lane < count; ++lane) p[lane] = v[lane];
}
#endif

/// f(offset, count) for the consecutive vectors of n elements; count < kLanes only at the end. f is compiled twice,
/// with a constant count for the body.
template <class F>
inline void for_vectors(std::size_t n, F f) {
  std::size_t offset = 0;
  for (; offset + kLanes <= n; offset += kLanes) f(offset, std::integral_constant<std::size_t, kLanes>());
  if (offset < n) f(offset, n - offset);
}

template <class Count>
inline Vec load_lanes(const Real* p, Count count, Real fill = 0) {
  if constexpr (std::is_same_v<Count, std::size_t>) {
    return load_part(p, count, fill);
  } else {
    return load(p);
  }
}
template <class Count>
inline void store_lanes(Real* p, Vec v, Count count) {
  if constexpr (std::is_same_v<Count, std::size_t>) {
    store_part(p, v, count);
  } else {
    store(p, v);
  }
}

/// y[i] = f(in[i]...) for i < n; y may be one of the inputs.
template <class F, class... In>
inline void map(F f, std::size_t n, Real* y, const In*... in) {
  for_vectors(n, [&](std::size_t i, auto count) { store_lanes(y + i, f(load_lanes(in + i, count)...), count); });
}

inline Vec abs(Vec v) { return from_bits(to_bits(v) & std::numeric_limits<Bits>::max()); }
inline Vec with_sign_of(Vec magnitude, Vec sign) {
  return from_bits(to_bits(abs(magnitude)) | (to_bits(sign) & std::numeric_limits<Bits>::min()));
}
/// The larger of two; b where a lane of `a` is NaN.
inline Vec larger(Vec a, Vec b) { return a > b ? a : b; }

template <std::size_t half, class V, std::size_t... lane>
inline V swap_lanes(V v, std::index_sequence<lane...>) {
  return __builtin_shufflevector(v, v, (lane ^ half)...);
}
/// Folds all lanes with a commutative f as a binary tree.
template <std::size_t half, class V, class F>
inline auto fold(V v, F f) {
  v = f(v, swap_lanes<half>(v, std::make_index_sequence<sizeof(V) / sizeof(v[0])>()));
  if constexpr (half > 1) {
    return fold<half / 2>(v, f);
  } else {
    return v[0];
  }
}
inline Real add_lanes(Vec v) {
  return fold<kLanes / 2>(v, [](Vec a, Vec b) { return a + b; });
}
inline Real largest_lane(Vec v) { return fold<kLanes / 2>(v, larger); }

/// A sum of lanes in double, whatever Real is.
class DoubleSum {
 public:
  void add(Vec v) {
    for (std::size_t k = 0; k < kParts; ++k) parts_[k] += widened(v, k);
  }
  void add_product(Vec a, Vec b) {
    for (std::size_t k = 0; k < kParts; ++k) parts_[k] += widened(a, k) * widened(b, k);
  }
  double total() const {
    DoubleVec whole = parts_[0];
    for (std::size_t k = 1; k < kParts; ++k) whole += parts_[k];
    return fold<kVectorBytes / sizeof(double) / 2>(whole, [](DoubleVec a, DoubleVec b) { return a + b; });
  }

 private:
  static constexpr std::size_t kParts = sizeof(double) / sizeof(Real);
  using Part [[gnu::vector_size(kVectorBytes / kParts)]] = Real;

  static DoubleVec widened(const Vec& v, std::size_t k) {
    Part part;
    std::memcpy(&part, reinterpret_cast<const char*>(&v) + k * sizeof part, sizeof part);
    return __builtin_convertvector(part, DoubleVec);
  }

  DoubleVec parts_[kParts] = {};
};

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
