#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <optional>

#include <catch2/catch.hpp>

#include "core/io/directory.h"
#include "core/io/file.h"
#include "core/io/safetensors.h"
#include "tests/core/io/io_testing.h"
#include "tests/core/io/system_faults.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;

namespace {

const std::string kOld = "the old content";
const std::array<std::string, 3> kPieces = {"the ", "new ", "content"};
const std::string kNew = "the new content";

void write_new(const std::filesystem::path& path) {
  std::vector<std::span<const std::byte>> pieces;
  for (const std::string& piece : kPieces) pieces.push_back(std::as_bytes(std::span(piece)));
  write_file_atomically(path, pieces);
}

int calls_of_a_write(const std::filesystem::path& path) {
  arm(Fault::kNone, 0);
  write_new(path);
  return disarm();
}

/// The message of the error that `call` ends with while a fault is armed, or nothing.
template <class Call>
std::optional<std::string> outcome(Call call) {
  std::optional<std::string> error;
  try {
    call();
  } catch (const FileError& caught) {
    error = caught.what();
  }
  disarm();
  return error;
}

}  // namespace

// open directory, open temporary, three writes, fsync, close, rename, fsync directory, close directory
TEST_CASE("An atomic write makes the ten system calls of the recipe") {
  const TemporaryDirectory directory;
  CHECK(calls_of_a_write(directory / "f") == 10);
}

TEST_CASE("Whichever system call fails, the old file stays or the new one is complete, and no temporary is left") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  const int calls = calls_of_a_write(path);
  for (const int error : {EIO, ENOSPC}) {
    for (int call = 0; call < calls; ++call) {
      spill(path, kOld);
      arm(Fault::kError, call, error);
      const std::optional<std::string> failure = outcome([&] { write_new(path); });
      INFO("call " << call << ", " << struck());
      const bool is_directory_sync = call == calls - 2;
      const bool is_last_close = call == calls - 1;  // of the directory, after everything is durable
      CHECK(failure.has_value() == !is_last_close);
      if (failure) {
        CHECK_THAT(*failure, Contains(directory.path().string()) && Contains("cannot ") &&
                                 Contains("(errno " + std::to_string(error) + ")"));
      }
      CHECK(slurp(path) == (is_directory_sync || is_last_close ? kNew : kOld));
      CHECK(directory.entries() == 1);
    }
  }
}

TEST_CASE("A file system that cannot sync directories is no error, one that fails to is") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  const int directory_sync = calls_of_a_write(path) - 2;
  arm(Fault::kError, directory_sync, EINVAL);
  CHECK_FALSE(outcome([&] { write_new(path); }).has_value());
  CHECK(struck() == "fsync");
  arm(Fault::kError, directory_sync, EIO);
  CHECK_THAT(outcome([&] { write_new(path); }).value_or(""), Contains("the new f may be lost in a power cut"));
}

TEST_CASE("Interrupted and short calls are continued") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  const int calls = calls_of_a_write(path);
  for (const Fault fault : {Fault::kInterrupt, Fault::kShort}) {
    for (int call = 0; call < calls; ++call) {
      spill(path, kOld);
      arm(fault, call);
      const std::optional<std::string> failure = outcome([&] { write_new(path); });
      INFO("call " << call << ", " << struck());
      if (struck() == "rename") continue;  // is never interrupted
      CHECK_FALSE(failure.has_value());
      CHECK(slurp(path) == kNew);
      CHECK(directory.entries() == 1);
    }
  }
}

TEST_CASE("Killed before or after any system call, the file is the old one or the new one and the rest is cleaned up") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  const int calls = calls_of_a_write(path);
  for (const Fault fault : {Fault::kExitBefore, Fault::kExitAfter}) {
    bool renamed = false;
    for (int call = 0; call < calls; ++call) {
      spill(path, kOld);
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        arm(fault, call);
        write_new(path);
        ::_exit(1);  // the fault must have struck before
      }
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      INFO("call " << call);
      CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
      const std::string content = slurp(path);
      CHECK((content == kOld || content == kNew));
      CHECK((!renamed || content == kNew));  // once replaced, later kills find it replaced
      renamed = renamed || content == kNew;
      remove_stale_temporaries(directory.path());
      CHECK(directory.entries() == 1);
    }
    CHECK(renamed);
  }
}

// For each level, from the top down: open its parent, fsync it, close it.
TEST_CASE("Every new directory is synced into the one above it, or it is an error") {
  const TemporaryDirectory root;
  const std::filesystem::path top = root / "a";
  const std::filesystem::path path = top / "b/c";
  arm(Fault::kNone, 0);
  make_directories(path);
  const int calls = disarm();
  CHECK(calls == 9);
  arm(Fault::kNone, 0);
  make_directories(path);
  CHECK(disarm() == 0);
  const std::array parents = {root.path(), top, top / "b"};
  for (int call = 0; call < calls; ++call) {
    std::filesystem::remove_all(top);
    arm(Fault::kError, call, EIO);
    const std::optional<std::string> failure = outcome([&] { make_directories(path); });
    INFO("call " << call << ", " << struck());
    CHECK(failure.has_value() == (struck() != "close"));
    if (!failure) continue;
    CHECK_THAT(*failure, Catch::StartsWith(parents[static_cast<std::size_t>(call) / 3].string() + ": cannot "));
    if (struck() == "fsync") CHECK_THAT(*failure, Contains("may be lost in a power cut"));
  }
  for (int call = 0; call < calls; ++call) {
    std::filesystem::remove_all(top);
    arm(Fault::kInterrupt, call);
    CHECK_FALSE(outcome([&] { make_directories(path); }).has_value());
    CHECK(std::filesystem::is_directory(path));
  }
}

TEST_CASE("Every failing call while a safetensors file is read is a FileError with the reason") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  const std::array<float, 4> numbers = {1, 2, 3, 4};
  write_safetensors(path, {{"w", DType::kF32, {4}, std::as_bytes(std::span(numbers))}});
  arm(Fault::kNone, 0);
  { const SafetensorsFile file(path); }
  const int calls = disarm();
  CHECK(calls == 5);  // open, length, header, one block for the digest, close
  for (int call = 0; call < calls - 1; ++call) {
    INFO("call " << call);
    arm(Fault::kError, call, EIO);
    CHECK_THAT(outcome([&] { SafetensorsFile{path}; }).value_or(""), Contains("Input/output error (errno 5)"));
    for (const Fault fault : {Fault::kInterrupt, Fault::kShort}) {
      arm(fault, call);
      CHECK_FALSE(outcome([&] { SafetensorsFile{path}; }).has_value());
    }
  }
}

TEST_CASE("A log line that could not be written whole is taken back") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "log";
  AppendFile log(path);
  log.append_line("one");
  arm(Fault::kError, 0, EIO);
  CHECK_THAT(outcome([&] { log.append_line("two"); }).value_or(""), Contains("cannot append; Input/output error"));
  CHECK(slurp(path) == "one\n");
  arm(Fault::kShort, 0);
  CHECK_FALSE(outcome([&] { log.append_line("two"); }).has_value());
  arm(Fault::kNone, 0);
  log.append_line("three");
  CHECK(disarm() == 1);  // one write(2) per line
  CHECK(slurp(path) == "one\ntwo\nthree\n");
}
