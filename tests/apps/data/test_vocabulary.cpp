#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/data/symbol_text.h"
#include "apps/data/utf8.h"
#include "apps/data/vocabulary.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::message_of;

namespace {

const std::filesystem::path kTextFile = "f";
const LinePlace kPlace{kTextFile, 9};

FieldValue symbols(const std::vector<std::string>& list) { return {.symbols = list, .length = list.size()}; }
FieldValue integers(const std::vector<std::int64_t>& list) { return {.integers = list, .length = list.size()}; }

std::vector<std::int32_t> encoded(const FieldValue& value, const Vocabulary& vocabulary) {
  std::vector<std::int32_t> ids;
  encode(value, vocabulary, -100, -7, kPlace, ids);
  return ids;
}

}  // namespace

TEST_CASE("Symbols are numbered in the order of their code points, however they were met") {
  VocabularyBuilder builder(FieldKind::chars, {}, nullptr);
  builder.add(symbols({"b", "\xF0\x9F\x98\x80", "a"}), {}, kPlace);
  builder.add(symbols({"\xC3\xA9", "b", "Z"}), {}, kPlace);
  const Vocabulary vocabulary = *builder.finish();
  CHECK(vocabulary.kind() == Vocabulary::Kind::chars);
  CHECK(encoded(symbols({"Z", "a", "b", "\xC3\xA9", "\xF0\x9F\x98\x80"}), vocabulary) ==
        std::vector<std::int32_t>{0, 1, 2, 3, 4});
  CHECK(
      message_of<ConfigError>([&] { encoded(symbols({"c"}), vocabulary); }) ==
      "f:9: `c` is in no example that the run was trained with; a model has no number for it: train on data that hold "
      "it, or take it out here");
}

TEST_CASE("Integers are numbers themselves: as many as `vocab` says, or one more than the largest") {
  VocabularyBuilder open(FieldKind::tokens, {}, nullptr);
  open.add(integers({4, 2, -100}), -100, kPlace);
  CHECK(open.finish()->size() == 5);
  CHECK(encoded(integers({4, -100, 0}), *open.finish()) == std::vector<std::int32_t>{4, -7, 0});
  VocabularyBuilder limited(FieldKind::tokens, 9, nullptr);
  limited.add(integers({4}), {}, kPlace);
  CHECK(limited.finish()->size() == 9);
  CHECK(message_of<ConfigError>([&] { limited.add(integers({9}), {}, kPlace); }) ==
        "f:9: 9 is not below the `vocab` of its field; vocab 9; raise `vocab`, or leave it out");
  CHECK_THROWS_AS(open.add(integers({1000000}), {}, kPlace), ConfigError);
}

TEST_CASE("A label is a string or an integer, but not now this and now that, and vectors keep their width") {
  VocabularyBuilder labels(FieldKind::label, {}, nullptr);
  labels.add(symbols({"good day"}), {}, kPlace);
  CHECK(labels.finish()->kind() == Vocabulary::Kind::labels);
  CHECK(message_of<ConfigError>([&] {
          labels.add(integers({1}), {}, kPlace);
        }).find("labels are strings in some lines") != std::string::npos);
  VocabularyBuilder vectors(FieldKind::vectors, {}, nullptr);
  vectors.add({.numbers = {1, 2}, .length = 1, .width = 2}, {}, kPlace);
  CHECK(*vectors.finish() == Vocabulary::numbers(2));
  CHECK(message_of<ConfigError>([&] { vectors.add({.numbers = {1}, .length = 1, .width = 1}, {}, kPlace); }) ==
        "f:9: a vector has 1 numbers; those of the lines before have 2; give all vectors as many numbers");
  CHECK_FALSE(VocabularyBuilder(FieldKind::index, {}, nullptr).finish());
}

TEST_CASE("A known vocabulary is kept, and what it does not have is refused") {
  const Vocabulary words = Vocabulary::of(Vocabulary::Kind::words, {"a", "day"});
  VocabularyBuilder builder(FieldKind::words, {}, &words);
  builder.add(symbols({"day"}), {}, kPlace);
  CHECK_THROWS_AS(builder.add(symbols({"night"}), {}, kPlace), ConfigError);
  CHECK(*builder.finish() == words);
  const Vocabulary three = Vocabulary::integers(3);
  VocabularyBuilder tokens(FieldKind::tokens, {}, &three);
  CHECK_THROWS_AS(tokens.add(integers({3}), {}, kPlace), ConfigError);
  const Vocabulary wide = Vocabulary::numbers(3);
  VocabularyBuilder vectors(FieldKind::vectors, {}, &wide);
  CHECK_THROWS_AS(vectors.add({.numbers = {1}, .length = 1, .width = 1}, {}, kPlace), ConfigError);
}

TEST_CASE("A vocabulary survives its JSON, and another JSON is refused") {
  for (const Vocabulary& vocabulary :
       {Vocabulary::bytes(), Vocabulary::integers(7), Vocabulary::numbers(3),
        Vocabulary::of(Vocabulary::Kind::chars, {"\n", "a", "\xC3\xA9"}),
        Vocabulary::of(Vocabulary::Kind::words, {"a", "day"}), Vocabulary::of(Vocabulary::Kind::labels, {"", "b c"})}) {
    const Vocabularies both{.input = vocabulary, .target = Vocabulary::integers(2)};
    CHECK(Vocabularies::from_json(nlohmann::json::parse(both.to_json().dump()), "v") == both);
  }
  for (const char* text :
       {R"([])", R"({"input": 3})", R"({"input": {"kind": "chars", "size": 1}})",
        R"({"input": {"kind": "x", "size": 1}})", R"({"input": {"kind": "chars", "size": 1, "symbols": ["ab"]}})",
        R"({"input": {"kind": "words", "size": 2, "symbols": ["b", "a"]}})",
        R"({"input": {"kind": "words", "size": 2, "symbols": ["b", "b"]}})",
        R"({"input": {"kind": "words", "size": 1, "symbols": [1]}})", R"({"input": {"kind": "integers", "size": -1}})",
        R"({"input": {"kind": "integers", "size": 0}})", R"({"input": {"kind": "bytes", "size": 255}})"}) {
    INFO(text);
    CHECK_THROWS_AS(Vocabularies::from_json(nlohmann::json::parse(text), "v"), FileError);
  }
}

TEST_CASE("Symbols are shown without blanks, different ones differently") {
  CHECK(character_text("a") == "a");
  CHECK(character_text(" ") == "<space>");
  CHECK(character_text("\n") == "<newline>");
  CHECK(character_text("\xC2\xA0") == "<U+00A0>");
  CHECK(word_text("a day") == "a\\x20day");
  CHECK(word_text("a\\x20day") == "a\\\\x20day");
  CHECK(byte_text('a') == "a");
  CHECK(byte_text('\n') == "<0x0A>");
  std::set<std::string> seen;
  for (char32_t point = 0; point < 0x3100; ++point) {
    if (point < 0xD800 || point > 0xDFFF) seen.insert(character_text(to_utf8(point)));
  }
  CHECK(seen.size() == 0x3100);
  // A mark steps aside for a word of its name.
  CHECK(Vocabulary::of(Vocabulary::Kind::words, {"<end>", "a"}).mark_text("end") == "<<end>>");
  CHECK(Vocabulary::integers(3).mark_text("end") == "<end>");
}
