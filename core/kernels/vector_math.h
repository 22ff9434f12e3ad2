#pragma once

// Elementary functions on one SIMD register. The errors stated are the largest seen against long double on two million
// random arguments per range, in both precisions (tests/core/kernels/test_elementary.cpp holds them below 4 ulp).
// The polynomials are minimax fits of our own: exp and log1p by Sollya's fpminimax, erf by a weighted Remez exchange.
#include <array>

#include "core/kernels/vec.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// What the two precisions do not share.
namespace constant {
#ifdef HEADLIGHT_DOUBLE
inline constexpr int kMantissaBits = 52;
inline constexpr Bits kExponentBias = 1023;
inline constexpr Real kLn2High = 0x1.62e42feep-1;  // 32 bits: times an exponent it is exact
inline constexpr Real kLn2Low = 0x1.a39ef35793c76p-33;
inline constexpr Real kExpSmallest = -746;   // exp gives 0 from here on down
inline constexpr Real kExpLargest = 710;     // exp gives inf from here on up
inline constexpr Real kTanhSaturates = 22;   // tanh rounds to 1
inline constexpr Real kErfSaturates = 5.93;  // erf rounds to 1
/// (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2, error 1.1e-16.
inline constexpr std::array<Real, 10> kExp{0.50000000000000011102,   0.16666666666666674068,   0.041666666666623101978,
                                           0.0083333333333225727280, 0.0013888888917535449369, 1.9841269885685072294e-4,
                                           2.4801520923088094211e-5, 2.7557243224893521331e-6, 2.7620232202581359772e-7,
                                           2.5109749087130183661e-8};
/// (log((1 + s) / (1 - s)) - 2 s) / s^3 as a polynomial in s^2 <= 1/9, error 9e-17.
inline constexpr std::array<Real, 10> kLog1p{0.66666666666666662966, 0.40000000000012708723, 0.28571428567337825433,
                                             0.22222222705156596811, 0.18181789769862868874, 0.15385565380127153858,
                                             0.13314172071381265855, 0.12001121520874871915, 0.087993680130914520011,
                                             0.16168666486852055375};
/// -log(erfc(x)) / x for 0 <= x <= kErfSaturates; the error of erf is 7e-17 of its value.
inline constexpr std::array<Real, 23> kErf{
    1.1283791670955124944,     0.63661977236761252952,     0.10277260330001278047,    -0.019128446962179060726,
    -2.0919523913718666548e-4, 0.0016962105843859810863,   -5.9014703842172543419e-4, 2.5955868897945520963e-5,
    6.4288578781414368912e-5,  -2.9321194782613242859e-5,  2.7929077451367069444e-6,  3.5675941054855861232e-6,
    -2.4320493200734499001e-6, 8.5509229243490601143e-7,   -1.747594274265991959e-7,  8.624762568966512128e-9,
    7.7069728580186293588e-9,  -3.1357705012400545137e-9,  6.7807963710522518059e-10, -9.5099904813690237538e-11,
    8.6877051525371808254e-12, -4.7370012131685329087e-13, 1.1755802131235979037e-14};
#else
inline constexpr int kMantissaBits = 23;
inline constexpr Bits kExponentBias = 127;
inline constexpr Real kLn2High = 0x1.63p-1F;  // 9 bits: times an exponent it is exact
inline constexpr Real kLn2Low = -0x1.bd0106p-13F;
inline constexpr Real kExpSmallest = -104;
inline constexpr Real kExpLargest = 89;
inline constexpr Real kTanhSaturates = 10;
inline constexpr Real kErfSaturates = 3.93F;
/// As above, error 6.5e-8.
inline constexpr std::array<Real, 5> kExp{0.5F, 0.16666576266F, 0.041666463017F, 0.0083632562310F, 0.0013935327297F};
/// As above, error 2e-8.
inline constexpr std::array<Real, 5> kLog1p{0.66666668653F, 0.39999541640F, 0.28597813845F, 0.21639974415F,
                                            0.23494413495F};
/// As above; the error of erf is 4e-10 of its value.
inline constexpr std::array<Real, 10> kErf{1.1283791666F,    0.63661983467F,   0.10277127582F,   -0.019117688242F,
                                           -2.530771865e-4F, 0.0017993755236F, -7.407007027e-4F, 1.674884098e-4F,
                                           -2.135634349e-5F, 1.1934665530e-6F};
#endif
/// Adding and subtracting 1.5 * 2^mantissa rounds to an integer and leaves it in the low bits.
inline constexpr Real kRounder = static_cast<Real>(Bits{3} << (kMantissaBits - 1));
inline constexpr Real kLog2e = static_cast<Real>(1.4426950408889634074);
inline constexpr Real kSqrtHalf = static_cast<Real>(0.70710678118654752440);
inline constexpr Real kOneOverSqrtTwoPi = static_cast<Real>(0.39894228040143267794);
}  // namespace constant

/// c[0] + c[1] x + c[2] x^2 + ...
template <std::size_t terms>
inline Vec polynomial(const std::array<Real, terms>& c, Vec x) {
  Vec value = splat(c[terms - 1]);
  for (std::size_t k = terms - 1; k-- > 0;) value = value * x + c[k];
  return value;
}

/// x = exponent ln 2 + r with |r| <= ln(2) / 2, and fraction = exp(r) - 1.
struct ExpParts {
  BitsVec exponent;
  Vec fraction;
};
inline ExpParts split_exp(Vec x) {
  const Vec shifted = x * constant::kLog2e + constant::kRounder;
  const Vec count = shifted - constant::kRounder;
  const Vec r = (x - count * constant::kLn2High) - count * constant::kLn2Low;
  return {to_bits(shifted) - to_bits(splat(constant::kRounder)), r + r * r * polynomial(constant::kExp, r)};
}
inline Vec power_of_two(BitsVec exponent) {
  return from_bits((exponent + constant::kExponentBias) << constant::kMantissaBits);
}

/// exp(x) with gradual underflow; 1.1 ulp.
inline Vec exp(Vec x) {
  x = x > constant::kExpLargest ? splat(constant::kExpLargest) : x;
  // Arguments that give 0, such as the -inf of a hidden key, are set aside: computing an underflow is some hundred
  // cycles slower than computing anything else.
  const BitsVec vanishes = x < constant::kExpSmallest;
  const ExpParts parts = split_exp(vanishes ? Vec{} : x);
  // In two factors, for a single one would leave the range of exponents where the result is denormal or overflows.
  const BitsVec half = parts.exponent >> 1;
  const Vec power = (parts.fraction + Real{1}) * power_of_two(half) * power_of_two(parts.exponent - half);
  return vanishes ? Vec{} : power;
}

/// exp(x) - 1 for |x| <= 80.
inline Vec small_expm1(Vec x) {
  const ExpParts parts = split_exp(x);
  const Vec scale = power_of_two(parts.exponent);
  return parts.fraction * scale + (scale - Real{1});
}

/// log(1 + x) for 0 <= x <= 1, as log((1 + s) / (1 - s)) with s = x / (2 + x).
inline Vec small_log1p(Vec x) {
  const Vec s = x / (x + Real{2});
  const Vec square = s * s;
  return s * Real{2} + s * square * polynomial(constant::kLog1p, square);
}

/// tanh(x) = expm1(2 |x|) / (expm1(2 |x|) + 2) with the sign of x; 2.5 ulp.
inline Vec tanh(Vec x) {
  Vec size = abs(x);
  size = size > constant::kTanhSaturates ? splat(constant::kTanhSaturates) : size;
  const Vec e = small_expm1(size + size);
  return with_sign_of(e / (e + Real{2}), x);
}

/// 1 / (1 + exp(-x)), for large negative x too; 2.4 ulp.
inline Vec sigmoid(Vec x) {
  const Vec e = exp(-abs(x));
  return (x < Real{0} ? e : splat(Real{1})) / (e + Real{1});
}

/// The normal distribution function Phi(x) = erfc(-x / sqrt 2) / 2; absolute error below one epsilon of Real.
inline Vec normal_cdf(Vec x) {
  const Vec size = abs(x) * constant::kSqrtHalf;
  Vec tail = exp(-size * polynomial(constant::kErf, size)) * Real{0.5};
  tail = size > constant::kErfSaturates ? Vec{} : tail;
  return x < Real{0} ? tail : Real{1} - tail;
}

/// The normal density exp(-x^2 / 2) / sqrt(2 pi).
inline Vec normal_density(Vec x) { return exp(x * x * Real{-0.5}) * constant::kOneOverSqrtTwoPi; }

/// log(1 + exp(x)) without overflow; 2.7 ulp.
inline Vec softplus(Vec x) { return (x < Real{0} ? Vec{} : x) + small_log1p(exp(-abs(x))); }

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
