#include "core/io/stored_tensor.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/io/bytes.h"

namespace headlight {

std::optional<std::uint64_t> tensor_bits(DType dtype, std::span<const std::uint64_t> shape) {
  std::optional<std::uint64_t> count = 1;
  for (const std::uint64_t extent : shape) {
    count = checked_product(*count, extent);
    if (!count) return std::nullopt;
  }
  return checked_product(*count, dtype_bits(dtype));
}

std::string to_string(const StoredShape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

std::string_view tensor_name_fault(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name.size() > kMaxTensorName) return "the name is too long";
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
  if (std::ranges::any_of(name, is_control)) return "the name holds a control character";
  if (name.front() == '/' || name.front() == '\\') return "the name is an absolute path";
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find_first_of("/\\", begin), name.size());
    if (name.substr(begin, end - begin) == "..") return "the name climbs out of its directory";
    begin = end + 1;
  }
  return {};
}

void check_tensor_view(const TensorView& tensor, std::string_view where) {
  const std::string label = "`" + tensor.name + "` " + std::string(dtype_name(tensor.dtype)) + " ";
  if (tensor.shape.size() > kMaxStoredRank) {
    raise<ShapeError>(where, fmt::format("a tensor file holds at most {} axes", kMaxStoredRank),
                      label + to_string(tensor.shape), "reshape it first");
  }
  const std::optional<std::uint64_t> bits = tensor_bits(tensor.dtype, tensor.shape);
  if (!bits || *bits % 8 != 0 || *bits / 8 != tensor.bytes.size()) {
    raise<ShapeError>(where, "the shape does not fit the data",
                      fmt::format("{}{}, {} bytes", label, to_string(tensor.shape), tensor.bytes.size()));
  }
}

}  // namespace headlight
