#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <thread>

#include <catch2/catch.hpp>

#include "core/io/file.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// While it lives, no file of this process can grow beyond `bytes`: the nearest thing to a full disk that needs no
/// privileges (a short write first, then EFBIG).
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit = {bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

/// The id of a process that has ended and been collected.
pid_t id_of_gone_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(child > 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  return child;
}

}  // namespace

TEST_CASE("An atomic write creates or replaces the file and leaves nothing else") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "model.bin";
  write_file_atomically(path, "first");
  CHECK(slurp(path) == "first");
  const std::string a = "ab";
  const std::string b;
  const std::string c = "cde";
  const std::array pieces = {std::as_bytes(std::span(a)), std::as_bytes(std::span(b)), std::as_bytes(std::span(c))};
  write_file_atomically(path, pieces);
  CHECK(slurp(path) == "abcde");
  write_file_atomically(path, "");
  CHECK(slurp(path).empty());
  CHECK(directory.entries() == 1);
}

TEST_CASE("A relative path without a directory is written in the current one") {
  const TemporaryDirectory directory;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  write_file_atomically("plain", "x");
  std::filesystem::current_path(before);
  CHECK(slurp(directory / "plain") == "x");
}

TEST_CASE("A full disk leaves the old file as it was and no temporary") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "model.bin";
  write_file_atomically(path, "the old content");
  const std::string large(1 << 20, 'x');
  std::string text;
  {
    const FileSizeLimit limit(1 << 16);
    text = message_of<FileError>([&] { write_file_atomically(path, large); });
  }
  CHECK_THAT(text, StartsWith(path.string() + ": cannot write; File too large (errno 27)"));
  CHECK(slurp(path) == "the old content");
  CHECK(directory.entries() == 1);
}

TEST_CASE("A target that cannot be replaced is an error that leaves no temporary") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "taken");
  CHECK_THAT(message_of<FileError>([&] { write_file_atomically(directory / "taken", "x"); }),
             Contains("cannot replace (rename); Is a directory"));
  CHECK_THAT(message_of<FileError>([&] { write_file_atomically(directory / "no" / "file", "x"); }),
             Contains("cannot open the directory; No such file or directory"));
  CHECK_THAT(message_of<FileError>([&] { write_file_atomically(directory / std::string(250, 'n'), "x"); }),
             Contains("cannot create; File name too long"));
  CHECK_THAT(message_of<FileError>([&] { write_file_atomically(directory.path() / "", "x"); }),
             Contains("the path names no file"));
  CHECK_THAT(message_of<FileError>([&] { write_file_atomically("/dev/null/file", "x"); }),
             Contains("cannot open the directory; Not a directory"));
  CHECK(directory.entries() == 1);
}

TEST_CASE("A directory without write permission is an error") {
  if (::geteuid() == 0) return;  // the permission does not bind root
  const TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0500) == 0);
  CHECK_THAT(message_of<FileError>([&] { write_file_atomically(directory / "f", "x"); }),
             Contains("cannot create; Permission denied (errno 13); check the permissions"));
  REQUIRE(::chmod(directory.path().c_str(), 0700) == 0);
}

TEST_CASE("The leftover of an earlier process with the same number does not stop a write") {
  const TemporaryDirectory directory;
  spill(directory / (".f.tmp." + std::to_string(::getpid())), "half-writ");
  write_file_atomically(directory / "f", "whole");
  CHECK(slurp(directory / "f") == "whole");
  CHECK(directory.entries() == 1);
}

TEST_CASE("Threads that write the same file leave one of their contents whole") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  const std::array contents = {std::string(100'000, 'a'), std::string(50'000, 'b')};
  std::array<std::thread, 2> threads;
  for (std::size_t i = 0; i < 2; ++i) {
    threads[i] = std::thread([&, i] {
      for (int repeat = 0; repeat < 20; ++repeat) write_file_atomically(path, contents[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string last = slurp(path);
  CHECK((last == contents[0] || last == contents[1]));
  CHECK(directory.entries() == 1);
}

TEST_CASE("Only temporaries of processes that are gone are removed") {
  const TemporaryDirectory directory;
  const std::string gone = std::to_string(id_of_gone_process());
  spill(directory / (".model.safetensors.tmp." + gone), "half");
  spill(directory / (".a.tmp.1.tmp." + gone), "half");
  const std::array<std::string, 9> kept = {
      ".model.safetensors.tmp." + std::to_string(::getppid()),  // its process lives
      "model.safetensors.tmp." + gone,                          // not hidden
      ".model.tmp." + gone + "x",
      ".model.tmp.",
      ".model.tmp.0",
      ".model.tmp.-5",
      ".model.tmp.99999999999999999999",
      ".tmp." + gone,  // no name
      "model.safetensors",
  };
  for (const std::string& name : kept) spill(directory / name, "kept");
  std::filesystem::create_directory(directory / (".folder.tmp." + gone));
  std::filesystem::create_symlink(directory / "model.safetensors", directory / (".link.tmp." + gone));

  CHECK(remove_stale_temporaries(directory.path()) == 2);
  for (const std::string& name : kept) {
    INFO(name);
    CHECK(std::filesystem::exists(directory / name));
  }
  CHECK(directory.entries() == 11);
  CHECK(remove_stale_temporaries(directory.path()) == 0);
  CHECK_THAT(message_of<FileError>([&] { remove_stale_temporaries(directory / "missing"); }),
             Contains("cannot list; No such file or directory"));
}

TEST_CASE("A log that meets a full disk ends at its last whole line and goes on later") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "metrics.jsonl";
  AppendFile log(path);
  log.append_line("first");
  {
    const FileSizeLimit limit(10);
    CHECK_THAT(message_of<FileError>([&] { log.append_line("second"); }),
               StartsWith(path.string() + ": cannot append; File too large (errno 27)"));
  }
  CHECK(slurp(path) == "first\n");
  log.append_line("third");
  CHECK(slurp(path) == "first\nthird\n");
}
