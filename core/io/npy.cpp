#include "core/io/npy.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "core/error.h"
#include "core/io/bytes.h"

namespace headlight {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kLongestHeader = 10'000;
constexpr std::size_t kAlignment = 64;

/// Where the header's text starts and how long it is.
struct HeaderPlace {
  std::uint64_t begin;
  std::uint64_t length;
};

HeaderPlace locate_header(const InputFile& file, const std::string& where) {
  std::array<std::byte, 12> start{};
  const std::size_t there = static_cast<std::size_t>(std::min<std::uint64_t>(start.size(), file.size()));
  file.read(0, std::span(start).first(there));
  const std::span<const std::byte> bytes = std::span(start).first(there);
  if (there < kMagic.size() || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    raise<FileError>(where, "not an npy file", {}, "it must begin with \\x93NUMPY");
  }
  if (there < 10) raise<FileError>(where, "the header is cut off", fmt::format("{} bytes in all", there));
  const auto major = load<std::uint8_t>(bytes.subspan(6));
  const auto minor = load<std::uint8_t>(bytes.subspan(7));
  if (major < 1 || major > 3 || minor != 0) {
    raise<FileError>(where, "unknown npy version", fmt::format("{}.{}", major, minor), "known are 1.0, 2.0 and 3.0");
  }
  if (major == 1) return {10, load<std::uint16_t>(bytes.subspan(8))};
  if (there < 12) raise<FileError>(where, "the header is cut off", fmt::format("{} bytes in all", there));
  return {12, load<std::uint32_t>(bytes.subspan(8))};
}

}  // namespace

NpyFile::NpyFile(const std::filesystem::path& path) : file_(path) {
  const std::string where = path.string();
  const HeaderPlace place = locate_header(file_, where);
  if (place.length > kLongestHeader) {
    raise<FileError>(where, "the header is too long",
                     fmt::format("{} characters, at most {}", place.length, kLongestHeader));
  }
  if (place.length > file_.size() - place.begin) {
    raise<FileError>(where, "the header is cut off",
                     fmt::format("{} characters announced, {} there", place.length, file_.size() - place.begin),
                     "the file was probably not copied whole");
  }
  std::string text(static_cast<std::size_t>(place.length), '\0');
  file_.read(place.begin, std::as_writable_bytes(std::span(text)));
  NpyHeader header = parse_npy_header(text, where);
  const std::optional<std::uint64_t> bits = tensor_bits(header.dtype, header.shape);
  if (!bits) raise<FileError>(where, "the size overflows 64 bits", "shape " + to_string(header.shape));
  tensor_ = {.name = {},
             .shape = std::move(header.shape),
             .offset = place.begin + place.length,
             .bytes = *bits / 8,
             .dtype = header.dtype};
  const std::uint64_t there = file_.size() - tensor_.offset;
  if (there != tensor_.bytes) {
    raise<FileError>(where, there < tensor_.bytes ? "the data is cut off" : "there are bytes after the data",
                     fmt::format("{} {} needs {} bytes, the file has {}", npy_descr(tensor_.dtype),
                                 to_string(tensor_.shape), tensor_.bytes, there));
  }
}

std::string npy_preamble(DType dtype, const StoredShape& shape, std::string_view where) {
  if (npy_descr(dtype).empty()) {
    raise<FileError>(where, fmt::format("numpy has no type {}", dtype_name(dtype)), {}, "convert it to F32 first");
  }
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", npy_descr(dtype),
                                   fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  constexpr std::size_t before = 10;  // magic, version, length
  const std::size_t unpadded = before + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ').append("\n");
  std::string preamble(kMagic);
  preamble += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  return preamble + header;
}

void write_npy(const std::filesystem::path& path, const TensorView& tensor) {
  const std::string where = path.string();
  check_tensor_view(tensor, where);
  const std::string preamble = npy_preamble(tensor.dtype, tensor.shape, where);
  const std::array<std::span<const std::byte>, 2> pieces = {std::as_bytes(std::span(preamble)), tensor.bytes};
  write_file_atomically(path, pieces);
}

}  // namespace headlight
