#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace headlight {

/// Element types of tensor files, in the order in which safetensors lays them out (a file starts with the last): wide
/// types first keeps every tensor aligned to its element.
/// Source: safetensors, file format and its reference implementation's list.
enum class DType : std::uint8_t {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

/// The name in a safetensors header: "F32".
std::string_view dtype_name(DType dtype);

/// The type with that name, or nothing.
std::optional<DType> dtype_from_name(std::string_view name);

/// Width of one element in bits; less than 8 for F4 and the F6 types.
std::uint64_t dtype_bits(DType dtype);

/// The name in an npy header, "<f4"; empty for a type that numpy does not have (BF16 and the small floats).
std::string_view npy_descr(DType dtype);

/// The type with that npy name, or nothing.
std::optional<DType> dtype_from_npy_descr(std::string_view descr);

}  // namespace headlight
