#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include <catch2/catch.hpp>

#include "core/io/array_io.h"
#include "core/io/small_floats.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;

namespace {

const std::filesystem::path kArrayFixtures = std::filesystem::path(HEADLIGHT_SOURCE_DIR) / "tests/reference/npy";

Array counting(const Shape& shape) {
  Array array = uninitialized(shape);
  Real value = Real{0.1F};
  for (Real& x : flat(array)) x = value *= Real{-1.7F};
  return array;
}

bool same_tokens(const Tokens& a, const Tokens& b) {
  return a.shape() == b.shape() && std::ranges::equal(flat(a), flat(b));
}

template <class T>
TensorView view(DType dtype, const std::vector<T>& numbers) {
  return {"x", dtype, {numbers.size()}, std::as_bytes(std::span(numbers))};
}

}  // namespace

TEST_CASE("Arrays and tokens come back from safetensors bit for bit") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  Array special = counting({2, 3, 4});
  flat(special)[0] = std::numeric_limits<Real>::quiet_NaN();
  flat(special)[1] = -std::numeric_limits<Real>::infinity();
  flat(special)[2] = Real{-0.0F};
  flat(special)[3] = std::numeric_limits<Real>::denorm_min();
  const Array number = scalar(Real{3});
  const Array empty = zeros({0, 5});
  Tokens tokens(Shape{3});
  flat(tokens)[0] = -1;
  flat(tokens)[1] = std::numeric_limits<std::int32_t>::max();
  flat(tokens)[2] = std::numeric_limits<std::int32_t>::min();
  write_safetensors(path, {tensor_view("special", special), tensor_view("number", number), tensor_view("empty", empty),
                           tensor_view("tokens", tokens)});

  const SafetensorsFile file(path, {.require_digest = true});
  CHECK(same_bytes(read_array(file.file(), file.tensor("special")), special));
  CHECK(same_bytes(read_array(file.file(), file.tensor("number")), number));
  CHECK(same_bytes(read_array(file.file(), file.tensor("empty")), empty));
  CHECK(same_tokens(read_tokens(file.file(), file.tensor("tokens")), tokens));
  CHECK(file.tensor("special").dtype == (sizeof(Real) == 4 ? DType::kF32 : DType::kF64));
  CHECK_THAT(message_of<FileError>([&] { read_arrays(path); }),
             Contains("tensor `tokens`: real numbers (F16, BF16, F32 or F64) wanted; it has type I32"));
  CHECK_THAT(message_of<FileError>([&] { read_tokens(file.file(), file.tensor("special")); }),
             Contains("integers wanted"));
}

TEST_CASE("All arrays of a file are read at once") {
  const TemporaryDirectory directory;
  const Array a = counting({2, 2});
  const Array b = counting({3});
  write_safetensors(directory / "f", {tensor_view("b", b), tensor_view("a", a)});
  const std::vector<NamedArray> arrays = read_arrays(directory / "f");
  REQUIRE(arrays.size() == 2);
  CHECK(arrays[0].name == "a");
  CHECK(same_bytes(arrays[0].value, a));
  CHECK(same_bytes(arrays[1].value, b));
}

// 1.5, -0.25 and 65504 (the largest F16) have exact codes in every type; the codes follow from IEEE 754.
TEST_CASE("Every floating-point type is read as Real") {
  const TemporaryDirectory directory;
  const std::array<Real, 3> expected = {Real{1.5F}, Real{-0.25F}, Real{65504}};
  const std::vector<std::uint16_t> half = {0x3E00, 0xB400, 0x7BFF};
  const std::vector<std::uint16_t> brain = {0x3FC0, 0xBE80, 0x4780};
  const std::vector<float> single = {1.5F, -0.25F, 65504.0F};
  const std::vector<double> twice = {1.5, -0.25, 65504.0};
  const auto read_back = [&](const TensorView& tensor) {
    write_safetensors(directory / "f", {tensor});
    return read_arrays(directory / "f").at(0).value;
  };
  for (const TensorView& tensor : {view(DType::kF16, half), view(DType::kF32, single), view(DType::kF64, twice)}) {
    const Array array = read_back(tensor);
    CHECK(std::ranges::equal(flat(array), expected));
  }
  const Array array = read_back(view(DType::kBF16, brain));
  CHECK(flat(array)[0] == expected[0]);
  CHECK(flat(array)[1] == expected[1]);
  CHECK(flat(array)[2] == Real{65536});  // 0x4780 is 2^16: bfloat16 has 8 significant bits
}

TEST_CASE("A double that is too large for Real is an error, infinity is not") {
  const TemporaryDirectory directory;
  const std::vector<double> numbers = {1e300, std::numeric_limits<double>::infinity()};
  write_safetensors(directory / "f", {view(DType::kF64, numbers)});
  if (sizeof(Real) == 8) {
    CHECK(read_arrays(directory / "f").at(0).value.size() == 2);
  } else {
    CHECK_THAT(message_of<NumericError>([&] { read_arrays(directory / "f"); }),
               Contains("tensor `x`: a number does not fit this build's precision; 1e+300 at element 0"));
  }
  const std::vector<double> infinite = {std::numeric_limits<double>::infinity()};
  write_safetensors(directory / "f", {view(DType::kF64, infinite)});
  CHECK(std::isinf(flat(read_arrays(directory / "f").at(0).value)[0]));
}

TEST_CASE("Every integer type is read as tokens when its numbers fit") {
  const TemporaryDirectory directory;
  const auto read_back = [&](const TensorView& tensor) {
    write_safetensors(directory / "f", {tensor});
    const SafetensorsFile file(directory / "f");
    return read_tokens(file.file(), file.tensor("x"));
  };
  const std::vector<std::uint8_t> u8 = {0, 1, 255};
  const std::vector<std::int8_t> i8 = {-128, 127};
  const std::vector<std::int16_t> i16 = {-32768, 32767};
  const std::vector<std::uint16_t> u16 = {0, 65535};
  const std::vector<std::uint32_t> u32 = {2147483647};
  const std::vector<std::int64_t> i64 = {-2147483648LL, 2147483647};
  const std::vector<std::uint64_t> u64 = {2147483647};
  const auto agrees = [&](DType dtype, const auto& numbers) {
    const Tokens tokens = read_back(view(dtype, numbers));
    return std::ranges::equal(flat(tokens), numbers, [](auto a, auto b) { return std::cmp_equal(a, b); });
  };
  CHECK(agrees(DType::kU8, u8));
  CHECK(agrees(DType::kBool, std::vector<std::uint8_t>{0, 1}));
  CHECK(agrees(DType::kI8, i8));
  CHECK(agrees(DType::kI16, i16));
  CHECK(agrees(DType::kU16, u16));
  CHECK(agrees(DType::kU32, u32));
  CHECK(agrees(DType::kI64, i64));
  CHECK(agrees(DType::kU64, u64));
  const std::vector<std::int64_t> large = {0, 2147483648LL};
  CHECK_THAT(message_of<NumericError>([&] { read_back(view(DType::kI64, large)); }),
             Contains("a number does not fit 32 bits; 2147483648 at element 1"));
  const std::vector<std::uint64_t> larger = {~std::uint64_t{0}};
  CHECK_THROWS_AS(read_back(view(DType::kU64, larger)), NumericError);
}

// The definition of binary16: (-1)^s 2^(e-15) (1 + f/1024), subnormals f 2^-24; checked in double for all codes.
TEST_CASE("All 65,536 half-precision codes are widened exactly") {
  std::size_t wrong = 0;
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const float value = half_to_float(static_cast<std::uint16_t>(code));
    const int exponent = static_cast<int>((code >> 10) & 31);
    const double fraction = code & 1023;
    const double sign = code >= 32768 ? -1.0 : 1.0;
    if (exponent == 31) {
      const bool right = fraction == 0.0 ? std::isinf(value) && std::signbit(value) == (sign < 0) : std::isnan(value);
      if (!right) ++wrong;
      continue;
    }
    const double expected =
        sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1.0 + fraction / 1024.0, exponent - 15));
    if (static_cast<double>(value) != expected || std::signbit(value) != (sign < 0)) ++wrong;
  }
  CHECK(wrong == 0);
}

// Rounding by definition: the nearest of all codes, in double, and of two the one with the even last bit.
TEST_CASE("A float becomes the nearest half, and every half itself") {
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const auto half = static_cast<std::uint16_t>(code);
    const float value = half_to_float(half);
    if (std::isnan(value)) {
      CHECK(std::isnan(half_to_float(float_to_half(value))));
      continue;
    }
    if (float_to_half(value) != half) FAIL("code " << code);
    // Halfway to the next code, which is the next larger magnitude; behind the largest finite one lies 2^16.
    if (std::isinf(value)) continue;
    const float next = (code & 0x7FFFU) == 0x7BFFU ? std::copysign(65536.0F, value) : half_to_float(half + 1);
    const float middle = value + (next - value) / 2;
    const auto even = static_cast<std::uint16_t>(half + (half & 1U));
    if (float_to_half(middle) != even) FAIL("middle behind code " << code);
    if (float_to_half(std::nextafter(middle, value)) != half) FAIL("below the middle behind code " << code);
    if (float_to_half(std::nextafter(middle, next)) != half + 1) FAIL("above the middle behind code " << code);
  }
}

// The numbers are those of tests/reference/npy/make_npy.py.
TEST_CASE("Arrays of numpy are read as Real and as tokens") {
  const std::array<double, 6> expected = {1.5, -2.25, 3.0, 0.0, 1e-3, -7.0};
  const Array array = read_npy(kArrayFixtures / "f8_2x3.npy");
  CHECK(array.shape() == Shape{2, 3});
  for (std::size_t i = 0; i < 6; ++i) CHECK(flat(array)[i] == static_cast<Real>(expected[i]));
  CHECK(flat(read_npy(kArrayFixtures / "f2_2x3.npy"))[1] == Real{-2.25F});
  CHECK(read_npy(kArrayFixtures / "f4_scalar.npy").dimension() == 0);
  const Tokens tokens = read_npy_tokens(kArrayFixtures / "i8_5.npy");
  CHECK(std::ranges::equal(flat(tokens), std::array{-2, -1, 0, 1, 2}));
  CHECK_THAT(message_of<FileError>([] { read_npy(kArrayFixtures / "i4_5.npy"); }), Contains("real numbers"));
}

TEST_CASE("Arrays and tokens come back from npy bit for bit") {
  const TemporaryDirectory directory;
  const Array array = counting({2, 3, 1});
  write_npy(directory / "a.npy", array);
  CHECK(same_bytes(read_npy(directory / "a.npy"), array));
  CHECK(slurp(directory / "a.npy").size() == 128 + 6 * sizeof(Real));
  Tokens tokens(Shape{4});
  for (std::int32_t i = 0; i < 4; ++i) flat(tokens)[static_cast<std::size_t>(i)] = i - 2;
  write_npy(directory / "t.npy", tokens);
  CHECK(same_tokens(read_npy_tokens(directory / "t.npy"), tokens));
}
