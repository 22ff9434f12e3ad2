#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/data/line_file.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::message_of;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;

namespace {

using Items = std::vector<std::pair<std::uint64_t, std::string>>;

/// What the first pass shows.
LineFile scan(const std::filesystem::path& path, Items& items) {
  return {path, [&](const LinePlace& place, std::string_view item) { items.emplace_back(place.line, item); }};
}

/// The message of a file with these bytes, without the directory.
std::string refusal(const std::string& bytes) {
  const TemporaryDirectory directory;
  spill(directory / "f", bytes);
  const std::string message = message_of<ConfigError>([&] {
    Items items;
    scan(directory / "f", items);
  });
  REQUIRE(message.find(directory.path().string() + "/") == 0);
  return message.substr(directory.path().string().size() + 1);
}

}  // namespace

TEST_CASE("Items are lines: ends of any kind, a byte order mark and blank lines are no part of them") {
  const TemporaryDirectory directory;
  const std::vector<std::pair<std::string, Items>> cases = {
      {"ab\nc\n", {{1, "ab"}, {2, "c"}}},
      {"ab\nc", {{1, "ab"}, {2, "c"}}},
      {"ab\r\nc\r\n", {{1, "ab"}, {2, "c"}}},
      {"\xEF\xBB\xBF"
       "ab\nc",
       {{1, "ab"}, {2, "c"}}},
      {"\n \t\nab\n\r\nc\n\n", {{3, "ab"}, {5, "c"}}},
      {" ab \n\xC3\xA9\n", {{1, " ab "}, {2, "\xC3\xA9"}}},
      {"\xEF\xBB\xBF\nx", {{2, "x"}}},
  };
  for (const auto& [bytes, expected] : cases) {
    INFO(bytes);
    spill(directory / "f", bytes);
    Items items;
    const LineFile file = scan(directory / "f", items);
    CHECK(items == expected);
    REQUIRE(file.items() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      std::string text = "of an earlier call";
      CHECK(file.read(i, text) == expected[i].first);
      CHECK(text == expected[i].second);
    }
  }
}

TEST_CASE("Any item of a large file is found, whatever the lengths of lines, as the first pass saw it") {
  const TemporaryDirectory directory;
  std::string bytes;
  for (std::size_t i = 0; i < 3000; ++i) {
    bytes += std::to_string(i) + std::string(i * 7919 % 300, 'x') + (i % 3 == 0 ? "\r\n" : "\n");
    if (i % 500 == 0) bytes += std::string(20000, 'y') + "\n\n";
  }
  spill(directory / "f", bytes);
  Items items;
  const LineFile file = scan(directory / "f", items);
  CHECK(items.size() == 3006);
  CHECK(file.facts().bytes == bytes.size());
  std::string text;
  for (std::size_t i = items.size(); i-- > 0;) {
    REQUIRE(file.read(i, text) == items[i].first);
    REQUIRE(text == items[i].second);
  }
}

TEST_CASE("The digest is XXH64 of the whole file") {
  const TemporaryDirectory directory;
  spill(directory / "f", "a\n");
  Items items;
  const std::string one = scan(directory / "f", items).facts().digest;
  CHECK(one.size() == 16);
  // XXH64 of "abc" with seed 0, from the xxHash project's own test values.
  spill(directory / "f", "abc");
  CHECK(scan(directory / "f", items).facts().digest == "44bc2cf5ad770999");
}

TEST_CASE("Faults of lines are told together, with file and line") {
  CHECK(refusal("") == "f: the file holds no examples; 0 bytes; write one example per line");
  CHECK(refusal("\n \r\n") == "f: the file holds no examples; 4 bytes; write one example per line");
  CHECK(refusal("ok\n\xC3(\n") == "f:2: the line is not valid UTF-8; byte 1 is 0xC3; save the file as UTF-8");
  CHECK(refusal(std::string("\xFF\xFE"
                            "a\0\n\0",
                            6))
            .find("f:1: the line is not valid UTF-8; byte 1 is 0xFF") == 0);
  const TemporaryDirectory directory;
  spill(directory / "f", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n");
  const std::string message = message_of<ConfigError>([&] {
    LineFile(directory / "f", [](const LinePlace& place, std::string_view item) {
      if (item != "b") place.raise("wrong");
    });
  });
  CHECK(message.find("f:1: wrong\n") != std::string::npos);
  CHECK(message.find("f:2:") == std::string::npos);
  CHECK(message.find("f:11: wrong\nand perhaps more: these are the first ten") != std::string::npos);
  CHECK(message.find("f:12:") == std::string::npos);
}

TEST_CASE("A file that cannot be opened, is no file, or is cut short in use is an error that names it") {
  const TemporaryDirectory directory;
  Items items;
  CHECK_THROWS_AS(scan(directory / "nowhere", items), ConfigError);
  CHECK_THROWS_AS(scan(directory.path(), items), ConfigError);
  spill(directory / "f", "a\nb\n");
  const LineFile file = scan(directory / "f", items);
  std::string text;
  CHECK_THROWS_AS(file.read(2, text), StateError);
  spill(directory / "f", "a");
  CHECK_THROWS_AS(file.read(1, text), FileError);
  spill(directory / "f", "a   ");  // as long as before, with one line less
  CHECK(message_of<ConfigError>([&] { file.read(1, text); }).find("the file has changed while it was in use") !=
        std::string::npos);
}
