#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

/// Reads a page back, by the words of FORMAT.md alone and without the code that wrote it.
namespace headlight::testing {

/// The manifest of a page. Fails the test where there is none, or more than one.
nlohmann::json manifest_of(const std::string& html);

/// Section `number`, inflated; length and checksum are checked with zlib's functions.
std::vector<std::uint8_t> section_of(const std::string& html, std::size_t number);

/// The same as numbers of a type.
template <class T>
std::vector<T> numbers_of(const std::string& html, std::size_t number) {
  const std::vector<std::uint8_t> bytes = section_of(html, number);
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

/// Number of sections in a page.
std::size_t section_count(const std::string& html);

}  // namespace headlight::testing
