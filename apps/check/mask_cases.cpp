#include "apps/check/mask_cases.h"

#include <algorithm>
#include <utility>

#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {

std::vector<std::size_t> some_lengths(std::size_t batch, std::size_t keys) {
  std::vector<std::size_t> lengths;
  for (std::size_t b = 0; b < batch; ++b) {
    const std::size_t missing = b == 0 ? 0 : 1 + 2 * (b - 1);
    lengths.push_back(std::max<std::size_t>(std::min<std::size_t>(keys, 1), keys - std::min(missing, keys)));
  }
  return lengths;
}

MaskCase no_mask() {
  return {"no mask", "without a mask", Mask(), [](std::size_t, std::size_t, std::size_t) { return true; }};
}

MaskCase causal_mask() {
  return {"causal", "a causal mask", Mask::causal(), [](std::size_t, std::size_t q, std::size_t k) { return k <= q; }};
}

MaskCase padding_mask(std::size_t batch, std::size_t keys) {
  const std::vector<std::size_t> lengths = some_lengths(batch, keys);
  return {"padding", "a padding mask", Mask::padding(lengths),
          [lengths](std::size_t b, std::size_t, std::size_t k) { return k < lengths[b]; }};
}

MaskCase window_mask() {
  return {"window", "causal & window(2)", Mask::causal() & Mask::window(2),
          [](std::size_t, std::size_t q, std::size_t k) { return k <= q && q < k + 2; }};
}

MaskCase allow_mask(std::size_t batch, std::size_t queries, std::size_t keys) {
  const auto visible = [](std::size_t b, std::size_t q, std::size_t k) {
    const std::size_t classes = b % 3 == 0 ? 2 : 3;
    return q % classes == k % classes && (b % 3 != 2 || k <= q);
  };
  Booleans bits(Shape{batch, 1, queries, keys});
  std::size_t i = 0;
  for (std::size_t b = 0; b < batch; ++b) {
    for (std::size_t q = 0; q < queries; ++q) {
      for (std::size_t k = 0; k < keys; ++k) bits.data()[i++] = visible(b, q, k) ? 1 : 0;
    }
  }
  return {"allow", "an allow mask", Mask::allow(std::move(bits)), visible};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
