#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/file.h"
#include "core/io/stored_tensor.h"

/// The safetensors container: u64 length N, JSON header of N bytes, data without gaps to the end of the file.
/// Source: the safetensors format description and what its reference reader enforces. Narrower here: at most 1,000,000
/// tensors of at most 8 axes, and names that are safe as file names.
namespace headlight {

using Metadata = std::map<std::string, std::string>;

/// Metadata key of the digest that the writer adds: XXH64 (16 hexadecimal digits) of the whole file, taken with these
/// digits as zeros. Any flipped bit, in header or data, changes it.
constexpr std::string_view kDigestKey = "headlight.xxh64";

struct SafetensorsWriteOptions {
  Metadata metadata{};  ///< besides "format": "pt", which is always there
  bool digest = true;
};

struct SafetensorsReadOptions {
  bool require_digest = false;  ///< for files that we know to have one: finds even damage to the digest's own key
};

/// What a header says; offsets count from the start of the file.
struct SafetensorsHeader {
  std::vector<StoredTensor> tensors{};  ///< in the order of their names
  Metadata metadata{};
};

/// Reads and checks a header: `json` are its N bytes, `data_bytes` is the length of all that follows.
/// Needs no more memory than a few times the text. Throws FileError (JsonError for a fault of the JSON).
SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes, std::string_view where);

/// A safetensors file open for reading. The constructor has checked everything that can be checked without the model:
/// sizes, header, exact coverage of the data, and the digest where the file has one. Only then is data allocated.
class SafetensorsFile {
 public:
  /// Throws FileError.
  explicit SafetensorsFile(const std::filesystem::path& path, SafetensorsReadOptions options = {});

  /// In the order of their names.
  const std::vector<StoredTensor>& tensors() const { return header_.tensors; }
  const Metadata& metadata() const { return header_.metadata; }
  const InputFile& file() const { return file_; }

  /// The tensor with that name, or null.
  const StoredTensor* find(std::string_view name) const;

  /// The tensor with that name. Throws FileError that lists the names there are.
  const StoredTensor& tensor(std::string_view name) const;

 private:
  InputFile file_;
  SafetensorsHeader header_;
};

/// Name and shape of a tensor that a model wants.
struct ExpectedTensor {
  std::string name;
  StoredShape shape;
};

/// Throws one FileError that lists every missing, unknown and misshapen tensor; those in `left_out` may be there.
void require_tensors(const SafetensorsFile& file, std::span<const ExpectedTensor> expected,
                     std::span<const std::string> left_out = {});

/// Writes atomically. The same tensors and metadata, in any order, give the same bytes: tensors are sorted by type
/// (wide first, so that each is aligned to its element) and name, the header is padded with spaces to a multiple of 8.
/// Throws FileError, ShapeError when a shape does not fit its bytes, ConfigError on a reserved metadata key.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorView> tensors,
                       const SafetensorsWriteOptions& options = {});

}  // namespace headlight
