#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/data/record.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::message_of;

namespace {

const std::filesystem::path kFile = "f";

FieldValue field_of(const std::string& line, const FieldSpec& field) {
  const LinePlace place{kFile, 4};
  FieldValue value;
  read_field(parse_record(line, place), field, place, value);
  return value;
}

FieldValue field_of(const std::string& value, FieldKind kind) {
  return field_of("{\"x\": " + value + "}", {.name = "x", .kind = kind});
}

using Strings = std::vector<std::string>;
using Integers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("Each kind of field reads what it is made of") {
  CHECK(field_of("[3, 0, 12]", FieldKind::tokens).integers == Integers{3, 0, 12});
  CHECK(field_of("[]", FieldKind::tokens).length == 0);
  CHECK(field_of("\"a\\u00e9 \\ud83d\\ude00\"", FieldKind::chars).symbols ==
        Strings{"a", "\xC3\xA9", " ", "\xF0\x9F\x98\x80"});
  CHECK(field_of("\"  what\\ta  day\\n\"", FieldKind::words).symbols == Strings{"what", "a", "day"});
  CHECK(field_of("\" \"", FieldKind::words).length == 0);
  const FieldValue vectors = field_of("[[1, 2.5], [-3e2, 0]]", FieldKind::vectors);
  CHECK(vectors.numbers == std::vector<double>{1, 2.5, -300, 0});
  CHECK(vectors.length == 2);
  CHECK(vectors.width == 2);
  CHECK(field_of("7", FieldKind::label).integers == Integers{7});
  CHECK(field_of("\"good day\"", FieldKind::label).symbols == Strings{"good day"});
  CHECK(field_of("5", FieldKind::index).integers == Integers{5});
  CHECK(field_of("-0.25", FieldKind::value).numbers == std::vector<double>{-0.25});
}

TEST_CASE("An ignored token is kept, and others below 0 are none") {
  const FieldSpec field{.name = "x", .kind = FieldKind::tokens, .ignore = -100};
  CHECK(field_of(R"({"x": [1, -100]})", field).integers == Integers{1, -100});
  CHECK(
      message_of<ConfigError>([&] { field_of(R"({"x": [1, -1]})", field); }) ==
      "f:4: `x` must hold integers from 0 to 2147483645; it is -1; write such an integer, or `task.ignore`, -100, for "
      "what does not count");
}

TEST_CASE("A line that is no such object is refused with its place, its value and the remedy") {
  struct Wrong {
    const char* line;
    FieldKind kind;
    const char* message;
  };
  const std::vector<Wrong> cases = {
      {"{", FieldKind::tokens, "f:4: the line is not JSON; column 2: "},
      {"[1]", FieldKind::tokens, "f:4: the line is not a JSON object; write one object per line"},
      {"{} x", FieldKind::tokens, "f:4: the line is not JSON; column 4: "},
      {R"({"x": NaN})", FieldKind::value, "f:4: the line is not JSON; column 7: "},
      {R"({"x": 1e999})", FieldKind::value, "f:4: the line is not JSON; "},
      {R"({"x": 1, "x": 2})", FieldKind::value, "f:4: the line is not JSON; column 10: the key `x` appears twice"},
      {R"({"y": 1})", FieldKind::value,
       "f:4: there is no field `x`; there is `y`; name the right one in the config, or complete the line"},
      {"{}", FieldKind::value, "f:4: there is no field `x`; the object is empty; "},
      {R"({"x": "1 2"})", FieldKind::tokens,
       "f:4: `x` must be a list of integers; it is \"1 2\"; or choose another kind for this field"},
      {R"({"x": [1, 2.0]})", FieldKind::tokens,
       "f:4: `x` must hold integers from 0 to 2147483645; it is 2.0; write such an integer"},
      {R"({"x": [9999999999]})", FieldKind::tokens,
       "f:4: `x` must hold integers from 0 to 2147483645; it is 9999999999"},
      {R"({"x": [18446744073709551615]})", FieldKind::tokens, "f:4: `x` must hold integers from 0 to 2147483645; "},
      {R"({"x": [null]})", FieldKind::tokens, "f:4: `x` must hold integers from 0 to 2147483645; it is null"},
      {R"({"x": ["a"]})", FieldKind::chars, "f:4: `x` must be a string; it is a list of 1; "},
      {R"({"x": 3})", FieldKind::words, "f:4: `x` must be a string; it is 3; "},
      {R"({"x": [1, 2]})", FieldKind::vectors, "f:4: `x` must be a list of vectors, each a list of numbers; it is 1; "},
      {R"({"x": [[1, 2], [3]]})", FieldKind::vectors,
       "f:4: `x` must hold vectors of one width; vector 1 has 1 numbers, the first one 2; it is a list of 2; give all "
       "vectors as many numbers, and at least one"},
      {R"({"x": [[]]})", FieldKind::vectors, "f:4: `x` must hold vectors of one width; vector 0 has 0 numbers"},
      {R"({"x": [["a"]]})", FieldKind::vectors, "f:4: `x` must hold numbers; it is \"a\"; write a finite number"},
      {R"({"x": 1.5})", FieldKind::label,
       "f:4: `x` must hold a label: a string, or one of the integers from 0 to 2147483645; it is 1.5; "},
      {R"({"x": true})", FieldKind::label, "f:4: `x` must hold a label"},
      {R"({"x": -1})", FieldKind::index, "f:4: `x` must hold a position: one of the integers from 0"},
      {R"({"x": "0.5"})", FieldKind::value, "f:4: `x` must be a number; it is \"0.5\"; write a finite number"},
  };
  for (const Wrong& wrong : cases) {
    INFO(wrong.line);
    const std::string message =
        message_of<ConfigError>([&] { field_of(wrong.line, {.name = "x", .kind = wrong.kind}); });
    INFO(message);
    CHECK(message.find(wrong.message) == 0);
  }
}
