// The test vectors of RFC 4648, section 10, and the two letters that differ from other alphabets.
#include <span>
#include <string>

#include <catch2/catch.hpp>

#include "core/io/base64.h"

using headlight::base64;

TEST_CASE("Base 64 is that of RFC 4648") {
  const std::string text = "foobar";
  const char* const expected[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CHECK(base64(std::as_bytes(std::span(text).first(size))) == expected[size]);
  }
  const std::string high = "\xfb\xff\xbf";
  CHECK(base64(std::as_bytes(std::span(high))) == "+/+/");
}
