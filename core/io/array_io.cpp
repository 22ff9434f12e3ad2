#include "core/io/array_io.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/io/bytes.h"
#include "core/io/npy.h"
#include "core/io/small_floats.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr DType kRealType = sizeof(Real) == 4 ? DType::kF32 : DType::kF64;

std::string place_of(const InputFile& file, const StoredTensor& stored) {
  return file.path().string() + (stored.name.empty() ? "" : ": tensor `" + stored.name + "`");
}

Shape shape_of(const InputFile& file, const StoredTensor& stored) {
  Shape shape(stored.shape.begin(), stored.shape.end());
  element_count(shape, place_of(file, stored));  // a zero extent hides the size of the others from the file's checks
  return shape;
}

/// Calls convert(value, index) with each stored number of type T.
template <class T, class Convert>
void for_each_number(const InputFile& file, const StoredTensor& stored, Convert convert) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(stored.bytes));
  file.read(stored.offset, bytes);
  for (std::size_t i = 0; i < bytes.size() / sizeof(T); ++i) {
    convert(load<T>(std::span(bytes).subspan(i * sizeof(T))), i);
  }
}

[[noreturn]] void wrong_type(const InputFile& file, const StoredTensor& stored, std::string_view wanted) {
  raise<FileError>(place_of(file, stored), fmt::format("{} wanted", wanted),
                   fmt::format("it has type {}", dtype_name(stored.dtype)));
}

StoredShape stored_shape(const Shape& shape) { return StoredShape(shape.begin(), shape.end()); }

template <class T>
void read_integers(const InputFile& file, const StoredTensor& stored, std::span<std::int32_t> out) {
  for_each_number<T>(file, stored, [&](T value, std::size_t i) {
    if (!std::in_range<std::int32_t>(value)) {
      raise<NumericError>(place_of(file, stored), "a number does not fit 32 bits",
                          fmt::format("{} at element {}", value, i));
    }
    out[i] = static_cast<std::int32_t>(value);  // NOLINT(bugprone-signed-char-misuse): int8 is a number, no character
  });
}

}  // namespace

TensorView tensor_view(std::string name, const Array& array) {
  return {std::move(name), kRealType, stored_shape(array.shape()), std::as_bytes(flat(array))};
}

TensorView tensor_view(std::string name, const Tokens& tokens) {
  return {std::move(name), DType::kI32, stored_shape(tokens.shape()), std::as_bytes(flat(tokens))};
}

Array read_array(const InputFile& file, const StoredTensor& stored) {
  Array array = uninitialized(shape_of(file, stored));
  const std::span<Real> out = flat(array);
  switch (stored.dtype) {
    case kRealType:
      file.read(stored.offset, std::as_writable_bytes(out));
      break;
    case sizeof(Real) == 4 ? DType::kF64:
      DType::kF32 : {
        using Other = std::conditional_t<sizeof(Real) == 4, double, float>;
        for_each_number<Other>(file, stored, [&](Other value, std::size_t i) {
          out[i] = static_cast<Real>(value);
          if (std::isinf(out[i]) && !std::isinf(value)) {
            raise<NumericError>(place_of(file, stored), "a number does not fit this build's precision",
                                fmt::format("{} at element {}", value, i), "use the double build");
          }
        });
        break;
      }
    case DType::kF16:
      for_each_number<std::uint16_t>(file, stored, [&](std::uint16_t bits, std::size_t i) {
        out[i] = static_cast<Real>(half_to_float(bits));
      });
      break;
    case DType::kBF16:
      for_each_number<std::uint16_t>(file, stored, [&](std::uint16_t bits, std::size_t i) {
        out[i] = static_cast<Real>(bfloat16_to_float(bits));
      });
      break;
    default:
      wrong_type(file, stored, "real numbers (F16, BF16, F32 or F64)");
  }
  return array;
}

Tokens read_tokens(const InputFile& file, const StoredTensor& stored) {
  Tokens tokens(shape_of(file, stored));
  const std::span<std::int32_t> out = flat(tokens);
  switch (stored.dtype) {
    case DType::kI32:
      file.read(stored.offset, std::as_writable_bytes(out));
      break;
    case DType::kBool:
    case DType::kU8:
      read_integers<std::uint8_t>(file, stored, out);
      break;
    case DType::kI8:
      read_integers<std::int8_t>(file, stored, out);
      break;
    case DType::kI16:
      read_integers<std::int16_t>(file, stored, out);
      break;
    case DType::kU16:
      read_integers<std::uint16_t>(file, stored, out);
      break;
    case DType::kU32:
      read_integers<std::uint32_t>(file, stored, out);
      break;
    case DType::kI64:
      read_integers<std::int64_t>(file, stored, out);
      break;
    case DType::kU64:
      read_integers<std::uint64_t>(file, stored, out);
      break;
    default:
      wrong_type(file, stored, "integers");
  }
  return tokens;
}

std::vector<NamedArray> read_arrays(const std::filesystem::path& path, SafetensorsReadOptions options) {
  const SafetensorsFile file(path, options);
  std::vector<NamedArray> arrays;
  for (const StoredTensor& stored : file.tensors()) {
    arrays.push_back({stored.name, read_array(file.file(), stored)});
  }
  return arrays;
}

Array read_npy(const std::filesystem::path& path) {
  const NpyFile npy(path);
  return read_array(npy.file(), npy.tensor());
}

Tokens read_npy_tokens(const std::filesystem::path& path) {
  const NpyFile npy(path);
  return read_tokens(npy.file(), npy.tensor());
}

void write_npy(const std::filesystem::path& path, const Array& array) { write_npy(path, tensor_view({}, array)); }
void write_npy(const std::filesystem::path& path, const Tokens& tokens) { write_npy(path, tensor_view({}, tokens)); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
