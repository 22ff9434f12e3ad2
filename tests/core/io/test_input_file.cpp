#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "core/io/digest.h"
#include "core/io/file.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;

TEST_CASE("A file is read whole, at any offset, and not beyond its end") {
  const TemporaryDirectory directory;
  spill(directory / "a b \xC3\xA9.txt", "hello world");
  CHECK(read_file(directory / "a b \xC3\xA9.txt", 11) == "hello world");

  const InputFile file(directory / "a b \xC3\xA9.txt");
  CHECK(file.size() == 11);
  std::string part(5, '\0');
  file.read(6, std::as_writable_bytes(std::span(part)));
  CHECK(part == "world");
  CHECK_THAT(message_of<FileError>([&] { file.read(7, std::as_writable_bytes(std::span(part))); }),
             Contains("the file is too short; 5 bytes wanted at 7, the file has 11"));
  CHECK_THROWS_AS(file.read(~std::uint64_t{0}, std::as_writable_bytes(std::span(part))), FileError);
}

TEST_CASE("A file that becomes shorter while it is open is an error, not a crash") {
  const TemporaryDirectory directory;
  spill(directory / "f", std::string(100, 'x'));
  const InputFile file(directory / "f");
  std::filesystem::resize_file(directory / "f", 40);
  std::string all(100, '\0');
  CHECK_THAT(message_of<FileError>([&] { file.read(0, std::as_writable_bytes(std::span(all))); }),
             Contains("the file became shorter while it was read; 100 bytes at first, now 40"));
}

TEST_CASE("What cannot be read is named with its path and the system's reason") {
  const TemporaryDirectory directory;
  const std::string missing = (directory / "missing").string();
  CHECK(message_of<FileError>([&] { read_file(missing, 10); }) ==
        missing + ": cannot open; No such file or directory (errno 2); check the path");
  CHECK_THAT(message_of<FileError>([&] { read_file(directory.path(), 10); }),
             Contains("not a regular file; it is a directory"));
  spill(directory / "large", "12345678901");
  CHECK_THAT(message_of<FileError>([&] { read_file(directory / "large", 10); }),
             Contains("the file is too large; 11 bytes, at most 10 expected"));
}

TEST_CASE("A pipe or a device is refused at once instead of waited for") {
  const TemporaryDirectory directory;
  REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(message_of<FileError>([&] { read_file(directory / "pipe", 10); }), Contains("not a regular file"));
  CHECK_THAT(message_of<FileError>([&] { read_file("/dev/zero", 10); }), Contains("not a regular file"));
}

// Expected values: the published XXH64 sanity values for seed 0.
TEST_CASE("The digest is XXH64, however the bytes are cut") {
  CHECK(Digest().hex() == "ef46db3751d8e999");
  Digest digest;
  const std::string text = "abc";
  digest.update(std::as_bytes(std::span(text)).first(1));
  digest.update({});
  digest.update(std::as_bytes(std::span(text)).subspan(1));
  CHECK(digest.hex() == "44bc2cf5ad770999");

  const TemporaryDirectory directory;
  const std::string long_text(700'001, 'q');  // more than two blocks of the file reader
  spill(directory / "f", long_text);
  Digest whole;
  whole.update(std::as_bytes(std::span(long_text)));
  CHECK(file_digest(directory / "f") == whole.hex());
}
