#include <sys/resource.h>

#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/data/text_file.h"
#include "apps/data/utf8.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::message_of;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;

namespace {

std::u32string read(const TextFile& file, std::uint64_t first, std::size_t count) {
  std::vector<char32_t> units;
  file.read(first, count, units);
  return {units.begin(), units.end()};
}

/// A text of code points of one to four bytes, none of which falls on the same offsets twice.
std::u32string mixed_text(std::size_t count) {
  const std::u32string alphabet = U"ab\n\u00E9\u0416\u20AC\u4E16\U0001F600";
  std::u32string text;
  for (std::size_t i = 0; i < count; ++i) text += alphabet[i * i * 31 % 257 % alphabet.size()];
  return text;
}

std::string utf8(const std::u32string& text) {
  std::string bytes;
  for (const char32_t point : text) bytes += to_utf8(point);
  return bytes;
}

}  // namespace

TEST_CASE("Stretches of a text come back as it was written, from anywhere") {
  const TemporaryDirectory directory;
  const std::u32string text = mixed_text(300000);  // beyond several blocks of the first pass
  spill(directory / "f", utf8(text));
  const TextFile file(directory / "f", TextUnit::code_point);
  REQUIRE(file.size() == text.size());
  for (std::size_t first = 0; first + 70 < text.size(); first += 2477) {
    REQUIRE(read(file, first, 70) == text.substr(first, 70));
  }
  CHECK(read(file, text.size() - 3, 3) == text.substr(text.size() - 3));
  CHECK(read(file, text.size(), 0).empty());
  CHECK_THROWS_AS(read(file, text.size() - 3, 4), StateError);
}

TEST_CASE("The characters of a text are told in their order, with the line of each") {
  const TemporaryDirectory directory;
  spill(directory / "f",
        "\xEF\xBB\xBF"
        "ba\r\nb\n\xC3\xA9");
  const TextFile file(directory / "f", TextUnit::code_point);
  CHECK(file.size() == 7);
  CHECK(read(file, 0, 7) == U"ba\r\nb\n\u00E9");
  std::u32string units;
  std::vector<std::uint64_t> lines;
  for (const TextFile::Seen& seen : file.seen()) {
    units += seen.unit;
    lines.push_back(seen.line);
  }
  CHECK(units == U"\n\rab\u00E9");
  CHECK(lines == std::vector<std::uint64_t>{1, 1, 1, 1, 3});
}

TEST_CASE("A text of bytes may hold anything") {
  const TemporaryDirectory directory;
  const std::string bytes("\xEF\xBB\xBF\xFF\0z", 6);
  spill(directory / "f", bytes);
  const TextFile file(directory / "f", TextUnit::byte);
  REQUIRE(file.size() == 6);
  CHECK(read(file, 2, 4) == std::u32string(U"\u00BF\u00FF\0z", 4));
}

TEST_CASE("A text that is empty or not UTF-8 is refused, with the line") {
  const TemporaryDirectory directory;
  const auto refusal = [&](const std::string& bytes) {
    spill(directory / "f", bytes);
    const std::string message = message_of<ConfigError>([&] { TextFile(directory / "f", TextUnit::code_point); });
    return message.substr(directory.path().string().size() + 1);
  };
  CHECK(refusal("") == "f: the text is empty; 0 bytes; give a file with text in it");
  CHECK(refusal("\xEF\xBB\xBF") == "f: the text is empty; 3 bytes; give a file with text in it");
  CHECK(refusal("a\nb\nc\xC3") ==
        "f:3: the text is not valid UTF-8; a byte is 0xC3; save the file as UTF-8, or set `task.level` to \"byte\"");
  // Behind the first block, so that lines are counted on.
  CHECK(refusal(std::string(300000, '\n') + "\x80").find("f:300001: ") == 0);
  CHECK_THROWS_AS(TextFile(directory / "nowhere", TextUnit::byte), ConfigError);
}

TEST_CASE("A text is not held in memory") {
  const TemporaryDirectory directory;
  constexpr std::size_t kBytes = std::size_t{32} << 20U;
  {
    std::ofstream stream(directory / "f", std::ios::binary);
    const std::string piece(std::size_t{1} << 20U, 'a');
    for (std::size_t written = 0; written < kBytes; written += piece.size()) stream << piece;
  }
  const auto peak_kilobytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  // Of 32 MB: an index of 8192 entries of 24 bytes, a block of 256 KB, and 9 MB that tell which characters there are.
  const auto before = peak_kilobytes();
  const TextFile file(directory / "f", TextUnit::code_point);
  for (std::uint64_t first = 0; first + 60 <= kBytes; first += kBytes / 100) read(file, first, 60);
  CHECK(peak_kilobytes() - before < 16000);
}
