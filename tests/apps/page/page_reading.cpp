#include "tests/apps/page/page_reading.h"

#include <zlib.h>

#include <regex>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace headlight::testing {
namespace {

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t at = text.find(begin);
  REQUIRE(at != std::string::npos);
  REQUIRE(text.find(begin, at + 1) == std::string::npos);
  const std::size_t from = at + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

std::string decoded(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  REQUIRE(text.size() % 4 == 0);
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::size_t value = digits.find(c);
    REQUIRE(value != std::string::npos);
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
  }
  return bytes;
}

}  // namespace

nlohmann::json manifest_of(const std::string& html) {
  return nlohmann::json::parse(between(html, R"(<script type="application/json" id="hl-manifest">)", "</script>"));
}

std::vector<std::uint8_t> section_of(const std::string& html, std::size_t number) {
  const std::string element = between(html, "id=\"hl-s" + std::to_string(number) + "\"", "</script>");
  std::smatch match;
  static const std::regex head(R"re(^ data-enc="deflate" data-raw="([0-9]+)" data-crc="([0-9a-f]{8})">)re");
  const std::string start = element.substr(0, 100);
  REQUIRE(std::regex_search(start, match, head));
  const std::string packed = decoded(element.substr(match[0].str().size()));
  std::vector<std::uint8_t> bytes(std::stoul(match[1]) + 1);
  uLongf size = bytes.size();
  REQUIRE(uncompress(bytes.data(), &size, reinterpret_cast<const Bytef*>(packed.data()), packed.size()) == Z_OK);
  REQUIRE(size == std::stoul(match[1]));
  bytes.resize(size);
  REQUIRE(crc32(0, bytes.data(), static_cast<uInt>(size)) == std::stoul(match[2], nullptr, 16));
  return bytes;
}

std::size_t section_count(const std::string& html) {
  std::size_t count = 0;
  for (std::size_t at = html.find("id=\"hl-s"); at != std::string::npos; at = html.find("id=\"hl-s", at + 1)) ++count;
  return count;
}

}  // namespace headlight::testing
