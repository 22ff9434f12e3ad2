#include "tests/apps/page/fixture.h"

namespace headlight::testing {

double noise(std::initializer_list<std::uint32_t> places) {
  std::uint32_t h = 0x9e3779b9U;
  for (const std::uint32_t place : places) {
    h = (h ^ (place + 0x7f4a7c15U)) * 0x85ebca6bU;
    h ^= h >> 13U;
    h *= 0xc2b2ae35U;
    h ^= h >> 16U;
  }
  return static_cast<double>(h) / 4294967296.0;
}

const std::vector<std::string>& odd_tokens() {
  static const std::vector<std::string> tokens = {
      "<s>",
      "</script>",
      "<!--",
      "&amp;",
      "\n",
      " ",
      "\t",
      "",
      "\xF0\x9F\xA6\x8A",                              // a fox
      "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80",  // an astronaut: two characters joined
      "\xD7\x90\xD7\x91\xD7\x92",                      // three letters from right to left
      "\xE2\x80\xAE",                                  // what turns the direction of writing
      "\xC3\xA9",                                      // e with an acute accent
      "\xCC\x81",                                      // the accent alone
      std::string(40, 'a'),
      "\x07",
      "<img src=x onerror=alert(1)>",
  };
  return tokens;
}

}  // namespace headlight::testing
