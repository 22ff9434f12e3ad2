#include <catch2/catch.hpp>

#include "apps/inspect/token_text.h"

using namespace headlight;

TEST_CASE("Tokens are shown so that nothing of them acts on the terminal") {
  struct Case {
    std::string token;
    std::string utf8;
    std::string ascii;
  };
  const std::vector<Case> cases = {
      {"a", "a", "a"},
      {"", "∅", "\"\""},
      {" ", "␠", "_"},
      {" the", "␠the", "_the"},
      {"\n", "⏎", "\\n"},
      {"\t", "⇥", "\\t"},
      {"\r", "\\x0d", "\\x0d"},
      {"\x1b[2J", "\\x1b[2J", "\\x1b[2J"},
      {"\x7f", "\\x7f", "\\x7f"},
      {std::string("\0", 1), "\\x00", "\\x00"},
      {"\xc2\x9b"
       "31m",
       "\\x9b31m", "\\x9b31m"},  // U+009B opens an escape sequence in 8-bit terminals
      // NOLINTNEXTLINE(misc-misleading-bidirectional): the override is what the test is about
      {"\xe2\x80\xae"
       "abc",
       "\\u202eabc", "\\u202eabc"},              // right-to-left override
      {"\xe2\x80\x8b", "\\u200b", "\\u200b"},    // zero-width space
      {"\xc2\xa0", "\\xa0", "\\xa0"},            // no-break space
      {"\xff", "\\xff", "\\xff"},                // no UTF-8
      {"\xe4\xb8", "\\xe4\\xb8", "\\xe4\\xb8"},  // the beginning of a character
      {"é", "é", "\\xe9"},
      {"中", "中", "\\u4e2d"},
      {"\xcc\x81", "◌\xcc\x81", "\\u0301"},  // a combining acute accent alone
      {"<s>", "<s>", "<s>"},
  };
  for (const Case& each : cases) {
    CHECK(visible_token(each.token, Charset::kUtf8) == each.utf8);
    CHECK(visible_token(each.token, Charset::kAscii) == each.ascii);
  }
}

TEST_CASE("A title keeps its spaces, and loses what could act on the terminal") {
  CHECK(visible_line("step 3 · head 0\x1b[31m", Charset::kUtf8) == "step 3 · head 0\\x1b[31m");
  CHECK(visible_line("step 3 · head 0 · x", Charset::kAscii) == "step 3 | head 0 | x");
  CHECK(visible_line("", Charset::kUtf8).empty());
}

TEST_CASE("Width counts wide characters twice and combining characters not at all") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("中文") == 4);
  CHECK(display_width("e\xcc\x81") == 1);
  CHECK(display_width("🙂") == 2);
  CHECK(display_width("") == 0);
  CHECK(display_width("␠⏎⇥∅…") == 5);
}

TEST_CASE("Graphemes are what a reader sees as one character") {
  CHECK(graphemes("ae\xcc\x81中") == std::vector<std::string>{"a", "e\xcc\x81", "中"});
  CHECK(graphemes("").empty());
}

TEST_CASE("Padding reaches exactly the width, and cutting says so and never halves a character") {
  CHECK(pad_right("ab", 4, Charset::kUtf8) == "ab  ");
  CHECK(pad_left("ab", 4, Charset::kUtf8) == "  ab");
  CHECK(pad_right("abcdef", 4, Charset::kUtf8) == "abc…");
  CHECK(pad_right("abcdef", 4, Charset::kAscii) == "abc~");
  CHECK(pad_right("abcd", 4, Charset::kUtf8) == "abcd");
  CHECK(pad_right("中文中", 4, Charset::kUtf8) == "中… ");
  CHECK(pad_right("abc", 0, Charset::kUtf8).empty());
  for (std::size_t width = 0; width < 12; ++width) {
    for (const char* text : {"", "a", "中文字", "e\xcc\x81\x65\xcc\x81xyz", "a中b文c"}) {
      CHECK(display_width(pad_right(text, width, Charset::kUtf8)) == width);
      CHECK(display_width(pad_left(text, width, Charset::kUtf8)) == width);
    }
  }
}

TEST_CASE("Bytes that are no UTF-8 become the replacement character") {
  CHECK(code_points("a\xff中") == std::vector<char32_t>{U'a', U'\uFFFD', U'中'});
}
