#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace headlight {

// Every format here is little-endian, and so is every machine we build for: array data is copied as it lies.
static_assert(std::endian::native == std::endian::little, "bytes.h: tensor files need a little-endian machine");

/// A little-endian integer or float from the first sizeof(T) bytes of `bytes`, which need no alignment.
template <class T>
T load(std::span<const std::byte> bytes) {
  T value;
  std::memcpy(&value, bytes.first(sizeof(T)).data(), sizeof(T));
  return value;
}

/// a * b, or nothing when the product does not fit. Checked before, never after, the multiplication.
inline std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

}  // namespace headlight
