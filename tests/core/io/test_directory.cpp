#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "core/io/directory.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

TEST_CASE("Directories are made with all that are missing above them, and the maker is told which is new") {
  const TemporaryDirectory root;
  CHECK(make_directories(root / "a/b/c"));
  CHECK(fs::is_directory(root / "a/b/c"));
  CHECK_FALSE(make_directories(root / "a/b/c"));
  CHECK(make_directories(root / "a/d/"));  // as without the slash
  CHECK(fs::is_directory(root / "a/d"));
  CHECK_FALSE(make_directories(root / "a/d/"));
  CHECK_FALSE(make_directories("/"));
  fs::create_directory_symlink(root / "a", root / "link");
  CHECK_FALSE(make_directories(root / "link"));
  CHECK(make_directories(root / "link/e"));
  CHECK(fs::is_directory(root / "a/e"));
}

TEST_CASE("A relative directory is made in the current one") {
  const TemporaryDirectory root;
  const fs::path before = fs::current_path();
  fs::current_path(root.path());
  CHECK(make_directories("plain"));
  CHECK(make_directories("x/y"));
  fs::current_path(before);
  CHECK(fs::is_directory(root / "plain"));
  CHECK(fs::is_directory(root / "x/y"));
}

TEST_CASE("A directory that cannot be made is an error with the path and the reason") {
  const TemporaryDirectory root;
  spill(root / "file", "");
  CHECK(message_of<FileError>([&] { make_directories(root / "file"); }) ==
        (root / "file").string() + ": cannot create the directory; File exists (errno 17)");
  CHECK_THAT(message_of<FileError>([&] { make_directories(root / "file/below"); }),
             Contains("file/below: cannot create the directory; Not a directory (errno 20); check the path"));
  CHECK_THAT(message_of<FileError>([&] { make_directories(root / std::string(300, 'n')); }),
             Contains("cannot create the directory; File name too long (errno 36); choose a shorter name"));
  CHECK_THAT(message_of<FileError>([&] { make_directories({}); }), Contains("cannot create the directory"));
  CHECK(root.entries() == 1);
}

TEST_CASE("What a path leads to is told, and what cannot be told is an error") {
  const TemporaryDirectory root;
  spill(root / "file", "");
  fs::create_symlink("file", root / "link");
  fs::create_symlink("nothing", root / "dangling");
  fs::create_symlink("circle", root / "circle");
  CHECK(entry_type(root.path()) == fs::file_type::directory);
  CHECK(entry_type(root / "link") == fs::file_type::regular);
  CHECK(entry_type(root / "none") == fs::file_type::not_found);
  CHECK_FALSE(path_exists(root / "dangling"));
  CHECK_FALSE(path_exists(root / "file/below"));
  CHECK(path_exists(root / "file"));
  CHECK(message_of<FileError>([&] { path_exists(root / "circle"); }) ==
        (root / "circle").string() +
            ": cannot look at; Too many levels of symbolic links (errno 40); check the symbolic links");
  CHECK_THAT(message_of<FileError>([&] { entry_type(root / std::string(300, 'n')); }),
             Contains("cannot look at; File name too long"));
}

TEST_CASE("The entries of a directory come in the order of their names") {
  const TemporaryDirectory root;
  for (const char* name : {"b", "c", ".a"}) spill(root / name, "");
  CHECK(list_directory(root.path()) == std::vector<fs::path>{root / ".a", root / "b", root / "c"});
  CHECK_THAT(message_of<FileError>([&] { list_directory(root / "b"); }), Contains("cannot list; Not a directory"));
}

TEST_CASE("A directory that may not be read is an error when it is listed") {
  if (::geteuid() == 0) return;  // the permission does not bind root
  const TemporaryDirectory root;
  REQUIRE(::chmod(root.path().c_str(), 0300) == 0);
  CHECK_THAT(message_of<FileError>([&] { list_directory(root.path()); }),
             Contains("cannot list; Permission denied (errno 13); check the permissions"));
  REQUIRE(::chmod(root.path().c_str(), 0700) == 0);
}
