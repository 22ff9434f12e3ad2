#include "core/io/dtype.h"

#include <algorithm>
#include <array>

namespace headlight {
namespace {

struct Row {
  DType dtype;
  std::string_view name;
  std::uint64_t bits;
  std::string_view npy;
};

constexpr std::array<Row, 20> kRows = {{
    {DType::kBool, "BOOL", 8, "|b1"},   {DType::kF4, "F4", 4, ""},          {DType::kF6E2M3, "F6_E2M3", 6, ""},
    {DType::kF6E3M2, "F6_E3M2", 6, ""}, {DType::kU8, "U8", 8, "|u1"},       {DType::kI8, "I8", 8, "|i1"},
    {DType::kF8E5M2, "F8_E5M2", 8, ""}, {DType::kF8E4M3, "F8_E4M3", 8, ""}, {DType::kF8E8M0, "F8_E8M0", 8, ""},
    {DType::kI16, "I16", 16, "<i2"},    {DType::kU16, "U16", 16, "<u2"},    {DType::kF16, "F16", 16, "<f2"},
    {DType::kBF16, "BF16", 16, ""},     {DType::kI32, "I32", 32, "<i4"},    {DType::kU32, "U32", 32, "<u4"},
    {DType::kF32, "F32", 32, "<f4"},    {DType::kC64, "C64", 64, "<c8"},    {DType::kF64, "F64", 64, "<f8"},
    {DType::kI64, "I64", 64, "<i8"},    {DType::kU64, "U64", 64, "<u8"},
}};

constexpr bool rows_follow_the_enumeration() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].dtype) != i) return false;
  }
  return true;
}
static_assert(rows_follow_the_enumeration(), "dtype.cpp: the table is indexed by the enumeration");

const Row& row(DType dtype) { return kRows[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::string_view dtype_name(DType dtype) { return row(dtype).name; }
std::uint64_t dtype_bits(DType dtype) { return row(dtype).bits; }
std::string_view npy_descr(DType dtype) { return row(dtype).npy; }

std::optional<DType> dtype_from_name(std::string_view name) {
  const auto found = std::ranges::find(kRows, name, &Row::name);
  return found == kRows.end() ? std::nullopt : std::optional(found->dtype);
}

std::optional<DType> dtype_from_npy_descr(std::string_view descr) {
  const auto found = std::ranges::find(kRows, descr, &Row::npy);
  return found == kRows.end() || descr.empty() ? std::nullopt : std::optional(found->dtype);
}

}  // namespace headlight
