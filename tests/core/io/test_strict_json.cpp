#include <fmt/format.h>

#include <array>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/io/json_tokens.h"
#include "core/io/strict_json.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

struct RejectedText {
  std::string_view text;
  std::size_t position;
  std::string_view reason;
};

/// Writes down every event as `kind@position`.
class Recorder final : public JsonEvents {
 public:
  std::string log;

  void begin_object(std::size_t at) override { add("{", at); }
  void end_object(std::size_t at) override { add("}", at); }
  void begin_array(std::size_t at) override { add("[", at); }
  void end_array(std::size_t at) override { add("]", at); }
  void key(std::string& key, std::size_t at) override { add("key:" + key, at); }
  void string(std::string& value, std::size_t at) override { add("string:" + value, at); }
  void non_negative_integer(std::uint64_t value, std::size_t at) override { add(fmt::format("u{}", value), at); }
  void negative_integer(std::int64_t value, std::size_t at) override { add(fmt::format("i{}", value), at); }
  void real(double, std::size_t at) override { add("real", at); }
  void boolean(bool value, std::size_t at) override { add(value ? "true" : "false", at); }
  void null(std::size_t at) override { add("null", at); }

 private:
  void add(const std::string& what, std::size_t at) { log += fmt::format("{}@{} ", what, at); }
};

}  // namespace

TEST_CASE("Strict JSON text becomes the value it says") {
  const std::string text =
      R"( {"a": [1, -2, 2.5, true, false, null, {}], "b": {"c": "d\u00e9\"\\"}, "n": 18446744073709551615} )";
  const json value = parse_json(text, {}, "test");
  CHECK(value["a"] == json::array({1, -2, 2.5, true, false, nullptr, json::object()}));
  CHECK(value["b"]["c"].get<std::string>() == "d\xC3\xA9\"\\");
  CHECK(value["n"].get<std::uint64_t>() == 18446744073709551615ULL);
  CHECK(parse_json("3", {.max_depth = 0}, "test") == 3);
  CHECK(parse_json(value.dump(2), {}, "test") == value);
}

TEST_CASE("Every departure from strict JSON is refused at its place") {
  const std::array<RejectedText, 29> cases = {{
      {"", 0, "unexpected end of input"},
      {"  ", 2, "unexpected end of input"},
      {"{", 1, "unexpected end of input"},
      {"[1,2", 4, "unexpected end of input"},
      {"{\"a\":1,\"b\":2,\"a\":3}", 13, "the key `a` appears twice"},
      {"{\"x\":{\"a\":1,\"\\u0061\":3}}", 12, "the key `a` appears twice"},
      {"{\"a\":1,}", 7, "expected string literal"},
      {"[1,]", 3, "unexpected ']'"},
      {"[1 2]", 3, "unexpected number literal"},
      {"{\"a\" 1}", 5, "expected ':'"},
      {"{a:1}", 1, "invalid literal"},
      {"{'a':1}", 1, "invalid literal"},
      {"[NaN]", 1, "invalid literal"},
      {"[Infinity]", 1, "invalid literal"},
      {"[01]", 2, "unexpected number literal"},
      {"[+1]", 1, "invalid literal"},
      {"[.5]", 1, "invalid literal"},
      {"[1e999]", 5, "number overflow"},
      {"[1] x", 4, "invalid literal"},
      {"[1][2]", 3, "expected end of input"},
      {"// no\n1", 0, "invalid literal"},
      {"[\"a\tb\"]", 3, "control character"},
      {"[\"\\ud800\"]", 8, "surrogate"},
      {"[\"\\x41\"]", 3, "forbidden character after backslash"},
      {"\xEF\xBB\xBF{}", 0, "byte order mark"},
      {"[\"a\xFF\"]", 3, "not valid UTF-8"},
      {"[\"\xC0\xAF\"]", 2, "not valid UTF-8"},
      {std::string_view("{}\0{}", 5), 2, "NUL byte"},
      {std::string_view("[\"a\0b\"]", 7), 3, "NUL byte"},
  }};
  for (const RejectedText& rejected : cases) {
    INFO(rejected.text);
    try {
      parse_json(rejected.text, {}, "some.json");
      FAIL_CHECK("accepted");
    } catch (const JsonError& error) {
      CHECK(error.position() == rejected.position);
      CHECK_THAT(error.reason(), Contains(std::string(rejected.reason)));
      CHECK_THAT(error.what(), Catch::Matchers::StartsWith("some.json: " + error.reason() + "; line "));
    }
  }
}

TEST_CASE("A JSON error names line, column and byte") {
  CHECK(message_of<JsonError>([] { parse_json("{\n  \"a\": 1,\n  \"a\": 2\n}", {}, "x.json"); }) ==
        "x.json: the key `a` appears twice; line 3, column 3 (byte 14)");
  CHECK(place_in("", 0).line == 1);
  CHECK(place_in("\n", 1).line == 2);
  CHECK(place_in("\n", 1).column == 1);
}

TEST_CASE("A JSON error stays short and valid UTF-8 however long the text") {
  std::string text = "[\"";
  for (int i = 0; i < 1000; ++i) text += "\xC3\xA9";
  const std::string what = message_of<JsonError>([&] { parse_json(text + "\n", {}, "x"); });
  CHECK(what.size() < 350);
  CHECK_FALSE(first_invalid_utf8(what).has_value());
}

TEST_CASE("Depth, size and length of strings are limited before anything is built") {
  CHECK_NOTHROW(parse_json("[[1],{\"a\":[]}]", {.max_depth = 3}, "x"));
  CHECK_THAT(message_of<JsonError>([] { parse_json("[[1],{\"a\":[]}]", {.max_depth = 2}, "x"); }),
             Contains("nested deeper than 2 levels; line 1, column 11 (byte 10)"));
  const std::string deep(200'000, '[');
  CHECK_THAT(message_of<JsonError>([&] { parse_json(deep, {}, "x"); }), Contains("nested deeper than 64 levels"));
  CHECK_NOTHROW(parse_json("[\"[[[[{{{{\\\"[[[[\"]", {.max_depth = 1}, "x"));
  CHECK_THAT(message_of<JsonError>([] { parse_json("[1,2]", {.max_bytes = 4}, "x"); }),
             Contains("longer than 4 bytes"));
  CHECK_THAT(message_of<JsonError>([] { parse_json("[\"abc\"]", {.max_string_bytes = 4}, "x"); }),
             Contains("a string is longer than 4 bytes; line 1, column 2 (byte 1)"));
}

TEST_CASE("Comments are skipped where they are allowed") {
  const std::string text = "// \"{[\n{ /* [ \" */ \"a\" /**/ : // x\r\n 1, \"b\": \"// no /* comment */\" }\n// end";
  const json value = parse_json(text, {.max_depth = 1, .comments = true}, "x");
  CHECK(value == json({{"a", 1}, {"b", "// no /* comment */"}}));
  CHECK_THROWS_AS(parse_json("[1 /* open", {.comments = true}, "x"), JsonError);
  CHECK_THROWS_AS(parse_json("[1 / 2]", {.comments = true}, "x"), JsonError);
}

TEST_CASE("Events tell where each piece of the text stands") {
  Recorder recorder;
  //                               0123456789 1 2345678 901 234567890123456789012345678901234
  const std::string_view text = R"({ "a" : [1,-20 , 2.5e1,true,null], /*"z"*/ "b\"":"}" , "c":{ }})";
  read_json(text, {.comments = true}, "x", recorder);
  const auto at = [&](std::string_view piece) { return fmt::format("@{} ", text.find(piece)); };
  CHECK(recorder.log == "{@0 key:a@2 [" + at("[1") + "u1" + at("1,") + "i-20" + at("-20") + "real" + at("2.5e1") +
                            "true" + at("true") + "null" + at("null") + "]" + at("],") + "key:b\"" + at("\"b") +
                            "string:}" + at("\"}\"") + "key:c" + at("\"c") + "{" + at("{ }") + "}" + at("}}") + "}@" +
                            std::to_string(text.size() - 1) + " ");
}

// Table 3-7 of The Unicode Standard: first and last of each row are valid, their neighbours outside are not.
TEST_CASE("UTF-8 is judged as the Unicode standard has it") {
  for (const std::string_view valid :
       {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xEC\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF3\xBF\xBF\xBF", "\xF4\x8F\xBF\xBF"}) {
    CHECK_FALSE(first_invalid_utf8(valid).has_value());
  }
  for (const std::string_view invalid :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x7F", "\xC2\xC0", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xE1\x80", "\xE1\x80\x7F", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF1\x80\x80",
        "\xF1\x80\x80\xC0", "\xFF"}) {
    CHECK(first_invalid_utf8("ab" + std::string(invalid)) == std::size_t{2});
  }
}
