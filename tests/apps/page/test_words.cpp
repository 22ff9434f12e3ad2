// Texts of ids: of a task that makes its examples, and of files, whose symbols are shown as they stand there.
#include <catch2/catch.hpp>

#include "apps/config/read.h"
#include "apps/page/words.h"
#include "apps/tasks/data_task.h"
#include "apps/tasks/registry.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Words = std::vector<std::string>;

namespace {

ViewWords words_for(const std::string& task, const std::string& arch, const std::filesystem::path& folder = {}) {
  const std::string text =
      R"({"task": )" + task + R"(, "model": {"arch": ")" + arch + R"("}, "trainer": {"steps": 10, "batch_size": 2}})";
  config::LoadedConfig loaded = config::read_config_text({{.name = "x", .text = text, .directory = folder}});
  return words_of(*make_task(loaded));
}

}  // namespace

TEST_CASE("A made task says its words once where the answer's go on behind those of the input") {
  const ViewWords encoder = words_for(R"({"type": "reverse", "symbols": 3, "length": 4})", "encoder");
  CHECK(encoder.vocab == Words{"0", "1", "2"});
  CHECK_FALSE(encoder.target_vocab);
  CHECK_FALSE(encoder.positions);
  const ViewWords both = words_for(R"({"type": "reverse", "symbols": 2, "length": 4})", "encoder-decoder");
  CHECK(both.vocab == Words{"0", "1", "<begin>", "<end>"});
  CHECK_FALSE(both.target_vocab);
}

TEST_CASE("Characters of a file are themselves, not the names that messages give them") {
  const TemporaryDirectory directory;
  spill(directory / "names.txt", "b a\nab\nb\naa\nbb\nba\na b\nabb\nbab\nbaa\naab\n");
  const ViewWords words = words_for(R"({"type": "lines", "path": "names.txt"})", "decoder", directory.path());
  CHECK(words.vocab == Words{"<stop>", " ", "a", "b"});
}

TEST_CASE("Classes have words of their own") {
  const TemporaryDirectory directory;
  std::string lines;
  for (int i = 0; i < 12; ++i)
    lines += i % 2 == 0 ? "{\"input\": \"xy\", \"target\": \"even\"}\n" : "{\"input\": \"yyx\", \"target\": \"odd\"}\n";
  spill(directory / "a.jsonl", lines);
  const ViewWords words = words_for(
      R"({"type": "jsonl", "train_file": "a.jsonl", "split": 0.5, "input": {"kind": "chars"}, "target": {"kind": "class"}, "predict": "last"})",
      "encoder", directory.path());
  CHECK(words.vocab == Words{"x", "y"});
  REQUIRE(words.target_vocab);
  CHECK(*words.target_vocab == Words{"even", "odd"});
}
