#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

/// Sections of a page: bytes that the manifest speaks of by number (apps/viewer/FORMAT.md, "Sections").
namespace headlight {

/// Takes the sections of a page and numbers them.
class SectionSink {
 public:
  virtual ~SectionSink() = default;

  /// The number of a section with these bytes. `place` says what it is, and differs from section to section: a live page
  /// knows by it what has changed.
  virtual std::size_t add(const std::string& place, std::span<const std::byte> bytes) = 0;
};

/// zlib's CRC-32 as eight lower-case hexadecimal digits.
std::string crc_text(std::span<const std::byte> bytes);

/// A section as an element of a page: deflated, base64, with length and checksum. Throws ConfigError on 4 GiB or more.
std::string section_element(std::size_t number, std::span<const std::byte> bytes);

}  // namespace headlight
