#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/dtype.h"

namespace headlight {

/// Extents as files hold them, outermost axis first. Not a Shape: nothing is known of their product yet.
using StoredShape = std::vector<std::uint64_t>;

/// No tensor of ours comes near these; a file that does is damaged or hostile.
constexpr std::size_t kMaxStoredRank = 8;
constexpr std::size_t kMaxTensorName = 1024;

/// A tensor in a file: row-major, little-endian, at `offset` from the start of the file.
struct StoredTensor {
  std::string name;
  StoredShape shape;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  DType dtype = DType::kF32;
};

/// A tensor about to be written. `bytes` must live until it is.
struct TensorView {
  std::string name;
  DType dtype = DType::kF32;
  StoredShape shape;
  std::span<const std::byte> bytes;
};

/// Product of the extents times the width of an element, in bits; nothing when it does not fit 64 bits.
/// The one place where the size of a stored tensor is computed: check and allocation both use it.
std::optional<std::uint64_t> tensor_bits(DType dtype, std::span<const std::uint64_t> shape);

/// "(2, 3)", as Shape is printed.
std::string to_string(const StoredShape& shape);

/// What is wrong with a tensor's name, or empty. Names end up in file names when they are exported, so one that is
/// empty, longer than kMaxTensorName bytes, absolute, climbs with `..` or holds a control character is refused.
std::string_view tensor_name_fault(std::string_view name);

/// Throws ShapeError when rank, size in bytes and `bytes` of a tensor about to be written do not agree.
void check_tensor_view(const TensorView& tensor, std::string_view where);

}  // namespace headlight
