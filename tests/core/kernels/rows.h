#pragma once

// What the kernel tests share: reproducible inputs, distances in units in the last place, views at odd addresses.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "core/real.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace rows {

using Values = std::vector<Real>;
using Exact = long double;  // 64 bits of mantissa: 11 more than double

inline constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();
inline constexpr Real kInf = std::numeric_limits<Real>::infinity();
inline constexpr Exact kEpsilon = std::numeric_limits<Real>::epsilon();

/// Sizes around the widths of SIMD registers.
inline const std::vector<std::size_t> kSizes{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 129};

/// Uniform in [low, high); the raw output of mt19937_64 is fixed by the standard.
inline Values uniform(std::size_t n, double low, double high, std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  Values x(n);
  for (Real& v : x) v = static_cast<Real>(low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53));
  return x;
}

/// Distance from the exact value in units in the last place of Real; 0 for the same infinity or NaN on both sides.
inline Exact ulps(Real actual, Exact exact) {
  if (std::isnan(exact)) return std::isnan(actual) ? 0 : 1e30L;
  const Real rounded = static_cast<Real>(exact);
  if (actual == rounded) return 0;
  if (!std::isfinite(actual) || !std::isfinite(rounded)) return 1e30L;
  const Real size = std::max(std::fabs(rounded), std::numeric_limits<Real>::min());
  const Exact unit = static_cast<Exact>(std::nextafter(size, kInf)) - static_cast<Exact>(size);
  return std::fabs(static_cast<Exact>(actual) - exact) / unit;
}

/// |actual - exact|, infinite when only one of them is NaN.
inline Exact error(Real actual, Exact exact) {
  const Exact difference = std::fabs(static_cast<Exact>(actual) - exact);
  return std::isnan(difference) ? 1e30L : difference;
}

inline bool same_bits(const Real* a, const Real* b, std::size_t n) {
  return n == 0 || std::memcmp(a, b, n * sizeof(Real)) == 0;
}
inline bool same_bits(const Values& a, const Values& b) {
  return a.size() == b.size() && same_bits(a.data(), b.data(), a.size());
}

/// The same values at an address that is `offset` elements past a multiple of 64 bytes, with a guard on each side that
/// untouched() reads.
class Placed {
 public:
  explicit Placed(const Values& x, std::size_t offset = 0) : memory_(x.size() + 64, kGuard), size_(x.size()) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    start_ = (64 - address % 64) % 64 / sizeof(Real) + 16 + offset;
    std::copy(x.begin(), x.end(), memory_.begin() + static_cast<std::ptrdiff_t>(start_));
  }
  Real* data() { return memory_.data() + start_; }
  Real& operator[](std::size_t i) { return data()[i]; }
  Values values() { return Values(data(), data() + size_); }
  bool untouched() const {
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      if ((i < start_ || i >= start_ + size_) && memory_[i] != kGuard) return false;
    }
    return true;
  }

 private:
  static constexpr Real kGuard = 12345;
  Values memory_;
  std::size_t size_;
  std::size_t start_;
};

}  // namespace rows
}  // namespace headlight::inline HEADLIGHT_PRECISION
