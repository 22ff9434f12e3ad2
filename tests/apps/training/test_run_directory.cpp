#include <filesystem>
#include <optional>
#include <regex>
#include <utility>

#include <catch2/catch.hpp>

#include "apps/training/run_directory.h"
#include "core/error.h"
#include "tests/core/io/io_testing.h"

namespace fs = std::filesystem;
using namespace headlight;
using testing::message_of;
using testing::slurp;
using testing::spill;
using testing::TemporaryDirectory;

TEST_CASE("A run without a directory of its own gets one, named by time, and `latest` names it") {
  const TemporaryDirectory root;
  const RunDirectory first({.root = root.path(), .name = "copy"});
  const RunDirectory second({.root = root.path(), .name = "copy"});
  CHECK(first.path() != second.path());
  CHECK(first.path().parent_path() == root / "copy");
  CHECK(
      std::regex_match(first.path().filename().string(), std::regex(R"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-[0-9a-f]{4})")));
  CHECK(slurp(root / "copy/latest") == second.path().filename().string() + "\n");
}

TEST_CASE("A run directory is found by its own name, by its parent's, and by `latest`") {
  const TemporaryDirectory root;
  const RunDirectory run({.root = root.path(), .name = "copy"});
  spill(run.path() / "config.json", "{}");
  CHECK(find_run(run.path()) == run.path());
  CHECK(find_run(root / "copy") == run.path());
  CHECK(find_run(root / "copy/latest") == run.path());
  CHECK(message_of<ConfigError>([&] { find_run(root.path()); }) ==
        root.path().string() + ": it is no run directory; give the directory that `headlight train` printed");
  CHECK_THAT(message_of<ConfigError>([&] { find_run(root / "gone"); }),
             Catch::Contains("there is no such run directory"));
  spill(root / "copy/latest", "../elsewhere\n");
  CHECK_THAT(message_of<FileError>([&] { find_run(root / "copy"); }), Catch::Contains("it does not name a run"));
}

TEST_CASE("A directory that is not empty is left alone, and the message shows the commands") {
  const TemporaryDirectory run;
  spill(run / "run.json", R"({"format": 1, "status": "finished"})");
  const std::string path = run.path().string();
  CHECK(message_of<ConfigError>([&] { RunDirectory({.directory = run.path()}); }) ==
        path + ": the run directory is not empty; to start over in it: headlight train CONFIG --run-dir " + path +
            " --force; to keep it: headlight train CONFIG --run-dir ANOTHER");
  CHECK(run.entries() == 1);
}

TEST_CASE("A directory that holds no run is left alone even with force") {
  // Names that a run uses, and a LOCK and a run.json of other programs.
  for (const auto& [name, text] : {std::pair{"config.json", "{}"}, std::pair{"LOCK", ""}, std::pair{"LOCK", "headlong"},
                                   std::pair{"run.json", R"({"format": 1})"}, std::pair{"run.json", "status"}}) {
    CAPTURE(name, text);
    const TemporaryDirectory other;
    spill(other / "train.log", "precious\n");
    spill(other / name, text);
    for (const bool force : {false, true}) {
      CHECK(message_of<ConfigError>([&] { RunDirectory({.directory = other.path(), .force = force}); }) ==
            other.path().string() +
                ": the directory is not empty and holds no run; nothing was removed; choose another --run-dir");
    }
    CHECK(slurp(other / "train.log") == "precious\n");
    CHECK(slurp(other / name) == text);
    CHECK(other.entries() == 2);
  }
}

TEST_CASE("Force removes a former run and nothing else") {
  const TemporaryDirectory run;
  spill(run / "notes.txt", "mine");
  spill(run / "run.json", R"({"format": 1, "status": "failed"})");
  spill(run / "metrics.jsonl", "{}\n");
  fs::create_directories(run / "checkpoints/step-00000001");
  const RunDirectory forced({.directory = run.path(), .force = true});
  CHECK(fs::exists(run / "notes.txt"));
  CHECK_FALSE(fs::exists(run / "metrics.jsonl"));
  CHECK_FALSE(fs::exists(run / "checkpoints"));
}

TEST_CASE("A second writer is kept out while the first lives, even with force") {
  const TemporaryDirectory run;
  std::optional<RunDirectory> first(std::in_place, RunDirectoryOptions{.directory = run.path()});
  spill(run / "metrics.jsonl", "precious\n");
  CHECK(message_of<StateError>([&] { RunDirectory({.directory = run.path(), .force = true}); }) ==
        run.path().string() +
            ": another process writes into this run directory; wait for it to end, or choose "
            "another --run-dir");
  CHECK(slurp(run / "metrics.jsonl") == "precious\n");
  first.reset();
  // The run had no time to write run.json: LOCK alone tells that it is ours.
  CHECK_NOTHROW(RunDirectory({.directory = run.path(), .force = true}));
  CHECK_FALSE(fs::exists(run / "metrics.jsonl"));
}

TEST_CASE("A file is no run directory, and one that cannot be made says why") {
  const TemporaryDirectory root;
  spill(root / "file", "");
  CHECK_THROWS_AS(RunDirectory({.directory = root / "file"}), ConfigError);
  CHECK_THAT(message_of<FileError>([&] { RunDirectory({.directory = root / "file/below"}); }),
             Catch::Contains("create the directory"));
}

TEST_CASE("Names that no directory can have are errors with the path and the reason") {
  const TemporaryDirectory root;
  const fs::path longest = root / std::string(300, 'n');
  const fs::path circle = root / "circle";
  fs::create_symlink("circle", circle);
  const fs::path dangling = root / "dangling";
  fs::create_symlink(root / "gone", dangling);
  for (const fs::path& path : {longest, longest / "below"}) {
    const std::string reason = path.string() + ": cannot look at; File name too long (errno 36); choose a shorter name";
    CHECK(message_of<FileError>([&] { RunDirectory({.directory = path}); }) == reason);
    CHECK(message_of<FileError>([&] { find_run(path); }) == reason);
  }
  const std::string reason =
      circle.string() + ": cannot look at; Too many levels of symbolic links (errno 40); check the symbolic links";
  CHECK(message_of<FileError>([&] { RunDirectory({.directory = circle}); }) == reason);
  CHECK(message_of<FileError>([&] { find_run(circle); }) == reason);
  CHECK(message_of<FileError>([&] { RunDirectory({.directory = dangling}); }) ==
        dangling.string() + ": cannot create the directory; File exists (errno 17)");
  CHECK_THAT(message_of<FileError>([&] { RunDirectory({.root = root.path(), .name = std::string(300, 'n')}); }),
             Catch::StartsWith(longest.string()) && Catch::Contains("File name too long"));
  CHECK(root.entries() == 2);
}

TEST_CASE("Paths with blanks and letters beyond ASCII are as good as others") {
  const TemporaryDirectory root;
  const fs::path path = root / "ein Lauf für β";
  const RunDirectory run({.directory = path});
  CHECK(fs::exists(path / "LOCK"));
}
