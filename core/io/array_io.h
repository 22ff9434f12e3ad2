#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/array.h"
#include "core/io/file.h"
#include "core/io/safetensors.h"
#include "core/io/stored_tensor.h"

/// Between arrays and the tensor files of io:
/// `write_safetensors(path, {tensor_view("w", w), tensor_view("ids", ids)})`.
namespace headlight::inline HEADLIGHT_PRECISION {

/// An array as a tensor to be written: F32 or F64 by Real, tokens I32. The array must outlive the view.
TensorView tensor_view(std::string name, const Array& array);
TensorView tensor_view(std::string name, const Tokens& tokens);

/// A stored F16, BF16, F32 or F64 tensor, converted to Real (to nearest when that is narrower; NaN and infinity pass).
/// Throws FileError on another type and NumericError when a finite number does not fit Real.
Array read_array(const InputFile& file, const StoredTensor& stored);

/// A stored BOOL or integer tensor as 32-bit integers.
/// Throws FileError on another type and NumericError when a number does not fit.
Tokens read_tokens(const InputFile& file, const StoredTensor& stored);

struct NamedArray {
  std::string name;
  Array value;
};

/// All tensors of a safetensors file, in the order of their names. Throws as SafetensorsFile and read_array() do.
std::vector<NamedArray> read_arrays(const std::filesystem::path& path, SafetensorsReadOptions options = {});

/// One npy file. Throws as NpyFile, read_array() and read_tokens() do.
Array read_npy(const std::filesystem::path& path);
Tokens read_npy_tokens(const std::filesystem::path& path);

/// Writes one npy file atomically. Throws FileError.
void write_npy(const std::filesystem::path& path, const Array& array);
void write_npy(const std::filesystem::path& path, const Tokens& tokens);

}  // namespace headlight::inline HEADLIGHT_PRECISION
