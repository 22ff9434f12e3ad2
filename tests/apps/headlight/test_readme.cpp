// The README's examples, run as they stand there: a command, what it prints, and the source of a layer.
#include <algorithm>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/io/file.h"
#include "tests/apps/headlight/cli_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

const std::string kSource = HEADLIGHT_SOURCE_DIR;

/// The contents of the fenced blocks of the README with this language ("" for none).
std::vector<std::string> blocks(const std::string& language) {
  std::vector<std::string> found;
  bool inside = false;
  bool wanted = false;
  for (const std::string& line : lines_of(read_file(kSource + "/README.md", 1 << 20))) {
    if (line.rfind("```", 0) == 0) {
      wanted = !inside && line == "```" + language;
      inside = !inside;
      if (wanted) found.emplace_back();
    } else if (inside && wanted) {
      found.back() += line + "\n";
    }
  }
  return found;
}

/// The arguments of a line `./run headlight ...`, with the clone's files by their whole path and runs in `work`.
std::vector<std::string> arguments_of(const std::string& line, const std::string& work) {
  std::vector<std::string> arguments;
  std::istringstream words(line);
  for (std::string word; words >> std::quoted(word);) {
    if (word.rfind("data/", 0) == 0) word.insert(0, kSource + "/");
    if (word.rfind("runs/", 0) == 0) word.insert(0, work + "/");
    if (word == "task.path=README.md") word = "task.path=" + kSource + "/README.md";
    arguments.push_back(word);
  }
  arguments.erase(arguments.begin(), arguments.begin() + 2);
  return arguments;
}

}  // namespace

TEST_CASE("the README's commands work in their order") {
  const TemporaryDirectory work;
  std::size_t commands = 0;
  for (const std::string& block : blocks("")) {
    for (const std::string& line : lines_of(block)) {
      if (line.rfind("./run headlight ", 0) != 0) continue;
      CAPTURE(line);
      const Finished finished = headlight::testing::run_headlight(arguments_of(line, (work / "").string()));
      CAPTURE(finished.err);
      CHECK(finished.status == 0);
      ++commands;
    }
  }
  CHECK(commands >= 4);  // the blocks were found
}

TEST_CASE("the README's config for data of one's own trains on lines such as it shows") {
  const TemporaryDirectory work;
  std::string config;
  for (const std::string& block : blocks("json")) {
    if (block.find("moods.jsonl") != std::string::npos) config = block;
  }
  REQUIRE_FALSE(config.empty());
  const std::string line = R"({"text": "what a day", "mood": "good"})";
  CHECK(read_file(kSource + "/README.md", 1 << 20).find("`" + line + "`") != std::string::npos);
  spill(work / "moods.json", config);
  std::string data;
  for (int i = 0; i < 8; ++i) data += line + "\n" + R"({"text": "oh no not a test", "mood": "bad"})" + "\n";
  spill(work / "moods.jsonl", data);
  const Finished finished = headlight::testing::run_headlight(
      {"train", (work / "moods.json").string(), "--run-dir", (work / "run").string()});
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.out.find("eval                 4") != std::string::npos);
}

TEST_CASE("the README's sections on what is kept are part of a config that is right") {
  const TemporaryDirectory work;
  std::string sections;
  for (const std::string& block : blocks("json")) {
    if (block.find("\"snapshots\"") != std::string::npos) sections = block;
  }
  REQUIRE_FALSE(sections.empty());
  spill(work / "kept.json", sections);
  const Finished finished = headlight::testing::run_headlight(
      {"train", kSource + "/data/configs/reverse.json", (work / "kept.json").string(), "--dry-run"});
  INFO(finished.err);
  CHECK(finished.status == 0);
}

TEST_CASE("the README shows a mistake as the program shows it") {
  std::size_t shown = 0;
  for (const std::string& block : blocks("")) {
    if (block.rfind("$ ./run headlight ", 0) != 0) continue;
    const std::size_t end = block.find('\n');
    const Finished finished = headlight::testing::run_headlight(arguments_of(block.substr(2, end - 2), ""));
    CHECK(finished.status == 2);
    CHECK(finished.err == block.substr(end + 1));
    ++shown;
  }
  CHECK(shown == 1);
}

TEST_CASE("the README's layer is the file that the tests compile, check and build from JSON") {
  const std::vector<std::string> layers = blocks("cpp");
  REQUIRE(layers.size() == 1);
  CHECK(layers.front() == read_file(kSource + "/tests/layers/gated_residual.cpp", 1 << 20));
}
