#include "core/kernels/dropout.h"

#include <algorithm>
#include <array>
#include <span>

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

void dropout(const Real* x, Real* y, std::size_t n, double p, const DropoutKey& key, std::uint64_t first) {
  constexpr std::size_t kPiece = 512;  // words at a time, on the stack
  std::array<std::uint32_t, kPiece> words;
  const auto threshold = static_cast<std::uint32_t>(p * 0x1p32);
  const auto scale = static_cast<Real>(1 / (1 - p));
  for (std::size_t begin = 0; begin < n; begin += kPiece) {
    const std::size_t count = std::min(kPiece, n - begin);
    fill_random_words(std::span(words).first(count), key, first + begin);
    const Real* in = x + begin;
    Real* out = y + begin;
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) out[i] = words[i] < threshold ? Real{0} : in[i] * scale;
  }
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
