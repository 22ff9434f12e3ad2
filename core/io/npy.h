#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/io/file.h"
#include "core/io/stored_tensor.h"

/// numpy's file of one array: magic, version, length, a header that looks like a Python dict, data.
/// Source: numpy.lib.format, versions 1.0, 2.0 and 3.0.
namespace headlight {

/// An npy file open for reading, its header checked and its data known to be complete.
class NpyFile {
 public:
  /// Throws FileError. Refused are Python objects (`|O`, they run code when read), big-endian and structured types,
  /// column-major order, more than 8 axes, a header above 10,000 characters, and bytes after the data (a second array
  /// would be lost in silence).
  explicit NpyFile(const std::filesystem::path& path);

  const StoredTensor& tensor() const { return tensor_; }
  const InputFile& file() const { return file_; }

 private:
  InputFile file_;
  StoredTensor tensor_;
};

/// Type and shape as the header of an npy file gives them.
struct NpyHeader {
  DType dtype = DType::kF32;
  StoredShape shape{};
};

/// Reads the dict of a header: exactly the keys descr, fortran_order and shape, in any order. Throws FileError.
NpyHeader parse_npy_header(std::string_view text, std::string_view where);

/// Everything before the data, version 1.0; its length is a multiple of 64, so the data is aligned when mapped.
/// Throws FileError for a type that numpy does not have (BF16).
std::string npy_preamble(DType dtype, const StoredShape& shape, std::string_view where);

/// Writes atomically; the name of the tensor is not stored.
/// Throws FileError, and ShapeError when the shape does not fit the bytes.
void write_npy(const std::filesystem::path& path, const TensorView& tensor);

}  // namespace headlight
