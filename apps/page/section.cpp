#include "apps/page/section.h"

#include <fmt/format.h>
#include <zlib.h>

#include <limits>
#include <new>
#include <vector>

#include "core/error.h"
#include "core/io/base64.h"

namespace headlight {
namespace {

const Bytef* zlib_bytes(std::span<const std::byte> bytes) { return reinterpret_cast<const Bytef*>(bytes.data()); }

/// A zlib stream (RFC 1950).
std::vector<std::byte> deflated(std::span<const std::byte> bytes) {
  uLongf size = compressBound(bytes.size());
  std::vector<std::byte> packed(size);
  const int status =
      compress2(reinterpret_cast<Bytef*>(packed.data()), &size, zlib_bytes(bytes), bytes.size(), Z_DEFAULT_COMPRESSION);
  if (status != Z_OK) throw std::bad_alloc();  // the buffer is large enough, so memory is all that can lack
  packed.resize(size);
  return packed;
}

}  // namespace

std::string crc_text(std::span<const std::byte> bytes) {
  return fmt::format("{:08x}", crc32_z(crc32_z(0, nullptr, 0), zlib_bytes(bytes), bytes.size()));
}

std::string section_element(std::size_t number, std::span<const std::byte> bytes) {
  if (bytes.size() >= std::numeric_limits<std::uint32_t>::max()) {
    raise<ConfigError>("page", "a section is too long", fmt::format("{} bytes", bytes.size()),
                       "record fewer snapshots or shorter probes");
  }
  return fmt::format(
      R"(<script type="text/plain" id="hl-s{}" data-enc="deflate" data-raw="{}" data-crc="{}">{}</script>)", number,
      bytes.size(), crc_text(bytes), base64(deflated(bytes)));
}

}  // namespace headlight
