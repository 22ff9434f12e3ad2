#include <sched.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
namespace fs = std::filesystem;
using Catch::Contains;
using Catch::StartsWith;

TEST_CASE("Without a command the help goes to stderr, with --help to stdout") {
  const Finished bare = headlight::testing::run_headlight({});
  CHECK(bare.status == 2);
  CHECK(bare.out.empty());
  CHECK_THAT(bare.err, Contains("train") && Contains("eval") && Contains("show"));
  const Finished help = headlight::testing::run_headlight({"--help"});
  CHECK(help.status == 0);
  CHECK(help.err.empty());
  CHECK_THAT(help.out, Contains("train"));
  CHECK_THAT(headlight::testing::run_headlight({"train", "-h"}).out, Contains("--run-dir"));
}

TEST_CASE("What the program does not know is an error before any work, with the nearest word") {
  const Workplace place;
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{"trian", place.config()}, "error: headlight: unknown command `trian`; did you mean `train`?"},
      {{"train", place.config(), "--run-dri", "x"},
       "error: headlight train: unknown option `--run-dri`; did you mean `--run-dir`?"},
      {{"train", place.config(), "--thraeds=2"}, "did you mean `--threads`?"},
      {{"eval", "--jsno", "run"}, "unknown option `--jsno`; did you mean `--json`?"},
      {{"eval", "run", "more"}, "error: headlight eval: unknown argument `more`; see `headlight eval --help`"},
      {{"config", "chekc"}, "unknown command `chekc`; did you mean `check`?"},
      {{"train"}, "error: headlight train: CONFIG is required; see `headlight train --help`"},
      {{"config", "check"}, "error: headlight config check: CONFIG is required; see `headlight config check --help`"},
      {{"train", "steps=3"}, "error: headlight: no config is given"},
      {{"train", place.config(), "--threads", "0"}, "--threads"},
      {{"train", place.config(), "--color", "blue"}, "--color"},
      {{"train", place.config(), "--force"}, "--run-dir"},
      {{"-q", "-v", "tasks"}, "excludes"},
      {{"show", "run", "--probe", "1", "--input", "1 2"}, "excludes"},
  };
  for (const Case& each : cases) {
    const Finished finished = headlight::testing::run_headlight(each.arguments);
    INFO(finished.err);
    CHECK(finished.status == 2);
    CHECK(finished.out.empty());
    CHECK_THAT(finished.err, Contains(each.message));
  }
}

TEST_CASE("Mistakes in a config are shown all at once, and no directory is made") {
  const Workplace place;
  spill(place / "wrong.json", R"({
  "task": {"type": "revers"},
  "model": {"n_head": 4},
  "trainer": {"steps": 10}
})");
  const std::string wrong = (place / "wrong.json").string();
  const std::vector<std::string> arguments = {"train", wrong, "lr=-1", "--run-dir", place.run()};
  const Finished finished = headlight::testing::run_headlight(arguments);
  CHECK(finished.status == 2);
  CHECK(finished.out.empty());
  CHECK_THAT(finished.err, StartsWith("error: ") && Contains("wrong.json:2:20") && Contains("\"reverse\"") &&
                               Contains("`heads`") && Contains("lr"));
  CHECK_FALSE(fs::exists(place.run()));
  CHECK(headlight::testing::run_headlight({"config", "check", wrong}).status == 2);
  CHECK(headlight::testing::run_headlight({"train", (place / "none.json").string()}).status == 2);
}

TEST_CASE("A group of parameters that changes nothing is shown at its line, before anything is written") {
  const Workplace place;
  spill(place / "groups.json", R"({"task": {"type": "reverse", "symbols": 3, "length": 4}, "trainer": {"steps": 2},
"model": {"d_model": 8},
"optimizer": {"groups": [{"match": "*", "lr": 0.1},
  {"match": "*bias", "lr": 0.2}]}})");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"config", "check"}, {"train", "--run-dir", place.run()}}) {
    std::vector<std::string> arguments = command;
    arguments.push_back((place / "groups.json").string());
    const Finished finished = headlight::testing::run_headlight(arguments);
    INFO(finished.err);
    CHECK(finished.status == 2);
    CHECK_THAT(finished.err, Contains("error: `*bias` changes nothing: all that it matches belongs to `*` before it") &&
                                 Contains("groups.json:4:13") && Contains("put the narrower pattern first"));
  }
  CHECK_FALSE(fs::exists(place.run()));
}

TEST_CASE("config check, print and schema") {
  const Workplace place;
  const Finished check = headlight::testing::run_headlight({"config", "check", place.config()});
  CHECK(check.status == 0);
  CHECK(check.out.empty());
  const Finished print = headlight::testing::run_headlight({"config", "print", place.config(), "lr=0.5"});
  CHECK(print.status == 0);
  const auto json = nlohmann::json::parse(print.out);
  CHECK(json["optimizer"]["lr"] == 0.5);
  CHECK(json["model"]["d_model"] == 8);
  // The resolved config says the same again.
  spill(place / "again.json", print.out);
  CHECK(headlight::testing::run_headlight({"config", "print", (place / "again.json").string()}).out == print.out);
  const Finished schema = headlight::testing::run_headlight({"config", "schema"});
  CHECK(nlohmann::json::parse(schema.out).is_object());
  CHECK_THAT(headlight::testing::run_headlight({"config", "schema", "--text"}).out, Contains("task.symbols"));
  CHECK(headlight::testing::run_headlight({"config"}).status == 2);
  // The inputs of probes are tried, and training refuses them in the same words.
  const std::string wrong = R"(probes.inputs=["0 1 2 0", "0 9"])";
  const Finished probes = headlight::testing::run_headlight({"config", "check", place.config(), wrong});
  CHECK(probes.status == 2);
  CHECK_THAT(probes.err, Contains("probes.inputs") && Contains("`9` is no token of this task"));
  CHECK(place.train({wrong}).err == probes.err);
}

TEST_CASE("Lists and facts go to stdout") {
  CHECK_THAT(headlight::testing::run_headlight({"tasks"}).out, StartsWith("addition") && Contains("\nreverse "));
  CHECK_THAT(headlight::testing::run_headlight({"layers"}).out, Contains("multi_head_attention\n"));
  CHECK_THAT(headlight::testing::run_headlight({"version"}).out, StartsWith("headlight      ") && Contains("compiler"));
  CHECK(headlight::testing::run_headlight({"-V"}).out == headlight::testing::run_headlight({"tasks", "--version"}).out);
  // A global flag stands before or after the command.
  CHECK_THAT(headlight::testing::run_headlight({"--threads", "3", "info"}).out, StartsWith("threads    3\n"));
  CHECK_THAT(headlight::testing::run_headlight({"info", "--threads", "3"}).out, StartsWith("threads    3\n"));
}

TEST_CASE("A path that no file can have is an error with its reason, a long override is none") {
  const Workplace place;
  const std::string longest = (place / std::string(300, 'n')).string();
  const std::string circle = (place / "circle").string();
  fs::create_symlink("circle", circle);
  for (const auto& [path, reason] :
       {std::pair{longest, "File name too long"}, std::pair{circle, "Too many levels of symbolic links"}}) {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"train", place.config(), "--run-dir", path},
          std::vector<std::string>{"train", place.config(), "--run-dir", path, "--force"},
          std::vector<std::string>{"eval", path}}) {
      const Finished finished = headlight::testing::run_headlight(arguments);
      CHECK(finished.status == 1);
      CHECK_THAT(finished.err, StartsWith("error: " + path + ": cannot look at; " + reason));
    }
  }
  const std::string name(300, 'x');
  const Finished print = headlight::testing::run_headlight({"config", "print", place.config(), "output.root=/" + name});
  REQUIRE(print.status == 0);
  CHECK(nlohmann::json::parse(print.out)["output"]["root"] == "/" + name);
}

TEST_CASE("Threads are as many as the processors that the program may use") {
  cpu_set_t before;
  REQUIRE(::sched_getaffinity(0, sizeof(before), &before) == 0);
  std::size_t first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  REQUIRE(::sched_setaffinity(0, sizeof(one), &one) == 0);
  const Finished finished = headlight::testing::run_headlight({"info"});
  REQUIRE(::sched_setaffinity(0, sizeof(before), &before) == 0);
  CHECK_THAT(finished.out, StartsWith("threads    1\n"));
}

TEST_CASE("A dry run prints the facts and writes nothing") {
  const Workplace place;
  const Finished finished = place.train({"--dry-run"});
  CHECK(finished.status == 0);
  CHECK_THAT(finished.out, StartsWith("task         reverse") && Contains("parameters   "));
  CHECK_FALSE(fs::exists(place.run()));
  CHECK_THAT(place.train({"--dry-run", "-v"}).out, Contains("layers.0.attention"));
}

TEST_CASE("A result that cannot be written is an error") {
  const Workplace place;
  const std::string command =
      std::string(HEADLIGHT_PROGRAM) + " tasks > /dev/full 2> '" + (place / "err").string() + "'";
  const int status = std::system(command.c_str());
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK_THAT(slurp(place / "err"), StartsWith("error: stdout: cannot write"));
}
