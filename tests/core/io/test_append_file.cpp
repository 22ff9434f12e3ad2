#include <catch2/catch.hpp>

#include "core/io/file.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;

TEST_CASE("A log grows by whole lines, also when it is opened again") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "log";
  AppendFile(path).append_line("one");
  AppendFile log(path);
  log.append_line("");
  log.append_line("three");
  CHECK(slurp(path) == "one\n\nthree\n");
}

TEST_CASE("An unfinished last line is dropped when the log is opened") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "log";
  const std::string whole = "one\ntwo\n";
  // Around the size of the block in which the file is searched backwards.
  for (const std::size_t tail : {std::size_t{1}, std::size_t{4088}, std::size_t{4095}, std::size_t{4096},
                                 std::size_t{4097}, std::size_t{9000}}) {
    INFO(tail);
    spill(path, whole + std::string(tail, 'x'));
    AppendFile(path).append_line("three");
    CHECK(slurp(path) == whole + "three\n");
  }
  spill(path, "never ended");
  AppendFile(path).append_line("one");
  CHECK(slurp(path) == "one\n");
}

TEST_CASE("A log line with a newline and a log that is no file are refused") {
  const TemporaryDirectory directory;
  AppendFile log(directory / "log");
  CHECK_THAT(message_of<FileError>([&] { log.append_line("a\nb"); }),
             Contains("a log line holds a newline; `a?b`; escape it"));
  CHECK(slurp(directory / "log").empty());
  CHECK_THAT(message_of<FileError>([&] { AppendFile(directory.path()); }), Contains("cannot open; Is a directory"));
  CHECK_THAT(message_of<FileError>([] { AppendFile("/dev/full"); }), Contains("not a regular file"));
}
