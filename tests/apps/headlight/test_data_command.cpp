// The program on files of the user: what a run keeps of them, how it evaluates others, and how it refuses bad ones.
#include <fmt/format.h>

#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
namespace fs = std::filesystem;
using Catch::Contains;
using nlohmann::json;

namespace {

const std::string kConfigs = HEADLIGHT_SOURCE_DIR "/data/configs/";

/// A text of 65 different characters, and one of 26 letters whose longest line has 15.
std::string text_of_65() {
  std::string text;
  for (std::size_t i = 0; i < 4000; ++i) text += static_cast<char>(i % 65 == 64 ? '\n' : '!' + i * i % 65 * 37 % 64);
  for (int c = 0; c < 64; ++c) text += static_cast<char>('!' + c);
  return text;
}

std::string names_of_26() {
  std::string text = "abcdefghijklmno\npqrstuvwxyz\n";
  for (int i = 0; i < 40; ++i)
    text += fmt::format("{}{}a\n", static_cast<char>('a' + i % 26), static_cast<char>('a' + i % 7));
  return text;
}

constexpr std::string_view kMoods = R"({
  "task": {"type": "jsonl", "train_file": "moods.jsonl", "split": 0.8, "predict": "last",
           "input": {"kind": "words"}, "target": {"kind": "class"}},
  "model": {"d_model": 8, "heads": 2, "layers": 1, "d_ff": 16},
  "trainer": {"epochs": 2, "batch_size": 4}
})";

/// A directory with a config and data that train within a second.
class DataPlace : public TemporaryDirectory {
 public:
  DataPlace() {
    spill(*this / "moods.json", kMoods);
    std::string lines;
    for (int i = 0; i < 10; ++i) {
      lines += R"({"input": "what a day", "target": "good"})"
               "\n"
               R"({"input": "no", "target": "bad"})"
               "\n";
    }
    spill(*this / "moods.jsonl", lines);
  }
  std::string run() const { return (*this / "run").string(); }
  Finished train() const { return run_headlight({"train", (*this / "moods.json").string(), "--run-dir", run()}); }
};

}  // namespace

TEST_CASE("The configs of text and lines have the published numbers of parameters") {
  const TemporaryDirectory place;
  spill(place / "text", text_of_65());
  spill(place / "names", names_of_26());
  // nanoGPT on a CPU with 65 characters, and makemore with 26 letters and at most 15 of them.
  const Finished text =
      run_headlight({"train", kConfigs + "text.json", "task.path=" + (place / "text").string(), "--dry-run"});
  INFO(text.err);
  CHECK_THAT(text.out, Contains("65 tokens") && Contains("parameters   804096\n"));
  const Finished lines = run_headlight({"train", kConfigs + "lines.json", "task.path=" + (place / "names").string(),
                                        "--dry-run", "task.eval_examples=9"});
  INFO(lines.err);
  CHECK_THAT(lines.out, Contains("16 positions, 27 tokens, 33 examples") && Contains("parameters   204544\n"));
}

TEST_CASE("A run keeps the vocabulary and the digests of its data") {
  const DataPlace place;
  const Finished finished = place.train();
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  const json vocabulary = json::parse(slurp(place.run() + "/vocabulary.json"));
  CHECK(vocabulary["format"] == 1);
  CHECK(vocabulary["input"] == json({{"kind", "words"}, {"size", 4}, {"symbols", {"a", "day", "no", "what"}}}));
  CHECK(vocabulary["target"]["symbols"] == json({"bad", "good"}));
  const json data = json::parse(slurp(place.run() + "/data.json"));
  CHECK(data["format"] == 1);
  REQUIRE(data["files"].size() == 1);
  CHECK(data["files"][0]["path"] == (place / "moods.jsonl").string());
  CHECK(data["files"][0]["bytes"] == fs::file_size(place / "moods.jsonl"));
  CHECK(data["files"][0]["xxh64"].get<std::string>().size() == 16);
  // A text of words replaces the run with all that it wrote.
  const Finished again = run_headlight({"train", (place / "moods.json").string(), "--run-dir", place.run(), "--force"});
  CHECK(again.status == 0);
}

TEST_CASE("A run is evaluated on what it held out, on another file, and with a warning on a changed one") {
  const DataPlace place;
  REQUIRE(place.train().status == 0);
  const Finished own = run_headlight({"eval", place.run(), "--json"});
  INFO(own.err);
  CHECK(json::parse(own.out)["examples"] == 4);
  CHECK(own.err.empty());

  spill(place / "other.jsonl", R"({"input": "day day", "target": "good"})");
  const Finished other = run_headlight({"eval", place.run(), "--json", "--data", (place / "other.jsonl").string()});
  INFO(other.err);
  CHECK(other.status == 0);
  CHECK(json::parse(other.out)["examples"] == 1);
  CHECK(json::parse(other.out)["by_length"].contains("2"));

  spill(place / "other.jsonl",
        "{\"input\": \"day\", \"target\": \"good\"}\n{\"input\": \"night\", \"target\": \"good\"}\n");
  const Finished unseen = run_headlight({"eval", place.run(), "--data", (place / "other.jsonl").string()});
  CHECK(unseen.status == 2);
  CHECK_THAT(unseen.err, Contains("other.jsonl:2: `night` is in no example that the run was trained with"));

  spill(place / "other.jsonl", R"({"input": "day day no a", "target": "good"})");
  const Finished longer = run_headlight({"eval", place.run(), "--data", (place / "other.jsonl").string()});
  CHECK(longer.status == 2);
  CHECK_THAT(longer.err, Contains("its longest example needs 4 positions; `model.max_len` of the run is 3"));

  std::string changed = slurp(place / "moods.jsonl");
  spill(place / "moods.jsonl", changed + R"({"input": "a", "target": "bad"})");
  const Finished warned = run_headlight({"eval", place.run(), "--json"});
  CHECK(warned.status == 0);
  CHECK(lines_of(warned.err).size() == 1);
  CHECK_THAT(warned.err, Contains("moods.jsonl has changed since the run was begun") && Contains("then"));
  const Finished resumed = run_headlight({"resume", place.run(), "trainer.epochs=9"});
  CHECK(resumed.status == 2);
  CHECK_THAT(resumed.err, Contains("headlight resume: the run cannot go on with other data; ") &&
                              Contains("moods.jsonl has changed since the run was begun") &&
                              Contains("restore the file, or start a new run"));
  spill(place / "moods.jsonl", changed + R"({"input": "never", "target": "bad"})");
  const Finished misfit = run_headlight({"eval", place.run()});
  CHECK(misfit.status == 2);
  CHECK(lines_of(misfit.err).size() == 1);
  CHECK_THAT(misfit.err, Contains("moods.jsonl has changed since the run was begun") &&
                             Contains("does not fit it any more; ") && Contains("`never` is in no example"));

  const Finished split = run_headlight({"eval", place.run(), "--split", "train", "--data", "x"});
  CHECK(split.status == 2);
}

TEST_CASE("The page of a run keeps the words of its vocabulary when its data are gone") {
  const DataPlace place;
  REQUIRE(place.train().status == 0);
  const auto vocabulary = [&] {
    const std::string page = slurp(place.run() + "/view.html");
    const std::size_t begin = page.find("\"vocab\":[");
    return page.substr(begin, page.find(']', begin) - begin);
  };
  const std::string before = vocabulary();
  CHECK_THAT(before, Contains("\"what\"") && Contains("\"day\""));
  fs::remove(place / "moods.jsonl");
  const Finished view = run_headlight({"view", place.run()});
  REQUIRE(view.status == 0);
  CHECK_THAT(view.err, Contains("because the data of the run cannot be read: ") && Contains("moods.jsonl"));
  CHECK(vocabulary() == before);
}

TEST_CASE("A run that was killed before its data were recorded begins anew, and records them") {
  const DataPlace place;
  REQUIRE(place.train().status == 0);
  const std::string data = slurp(place.run() + "/data.json");
  const std::string vocabulary = slurp(place.run() + "/vocabulary.json");
  const std::vector<json> rows = timeless_rows(place.run());
  for (const char* file : {"run.json", "data.json", "vocabulary.json", "checkpoints", "metrics.jsonl"}) {
    REQUIRE(fs::remove_all(place.run() + "/" + file) > 0);
  }
  const Finished resumed = run_headlight({"resume", place.run()});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  CHECK(slurp(place.run() + "/data.json") == data);
  CHECK(slurp(place.run() + "/vocabulary.json") == vocabulary);
  CHECK(timeless_rows(place.run()) == rows);
  // With a checkpoint the data must be those of its weights, which nothing tells any more.
  fs::remove(place.run() + "/data.json");
  const Finished lost = run_headlight({"resume", place.run(), "trainer.epochs=3"});
  CHECK(lost.status == 1);
  CHECK_THAT(lost.err, Contains("data.json"));
}

TEST_CASE("Another file is not for a task that makes its examples") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const Finished finished = run_headlight({"eval", place.run(), "--data", place.config()});
  CHECK(finished.status == 2);
  CHECK_THAT(finished.err, Contains("--data: the task of this run makes its examples itself; reverse"));
}

TEST_CASE("Bad data are refused with every line at once, before there is a run") {
  const DataPlace place;
  spill(place / "moods.jsonl", "{\"input\": \"a\", \"target\": \"x\"}\n{\"input\": 3, \"target\": \"x\"}\nno JSON\n");
  const std::string file = (place / "moods.jsonl").string();
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"train", (place / "moods.json").string(), "--run-dir", place.run()},
                                             {"config", "check", (place / "moods.json").string()}}) {
    const Finished finished = run_headlight(command);
    INFO(finished.err);
    CHECK(finished.status == 2);
    CHECK_THAT(finished.err, Contains(file + ":2: `input` must be a string; it is 3") &&
                                 Contains(file + ":3: the line is not JSON; column 2: "));
    CHECK_FALSE(fs::exists(place.run()));
  }
  fs::remove(place / "moods.jsonl");
  const Finished gone = place.train();
  CHECK(gone.status == 2);
  CHECK_THAT(gone.err, Contains(file) && Contains("No such file") && Contains("give the path of a file of examples"));
  CHECK_FALSE(fs::exists(place.run()));
}

TEST_CASE("A text that changes under a run ends it, and run.json has the code that the program returns") {
  const TemporaryDirectory place;
  const std::string text = (place / "text").string();
  spill(text, text_of_65());
  spill(place / "text.json", R"({"task": {"type": "text", "path": "text"},
                                 "model": {"arch": "decoder", "max_len": 8, "d_model": 8, "heads": 2, "layers": 1},
                                 "trainer": {"steps": 2000000, "batch_size": 4, "log_every": 1}})");
  const std::string run = (place / "run").string();
  const Finished finished = [&] {
    Process process({"train", (place / "text.json").string(), "--run-dir", run});
    process.wait_for("train  loss");
    // In place, so that the file is never shorter than it was: no byte of it is UTF-8 any more.
    std::fstream(text, std::ios::in | std::ios::out | std::ios::binary)
        << std::string(static_cast<std::size_t>(fs::file_size(text)), '\xFF') << std::flush;
    return process.finish();
  }();
  INFO(finished.err);
  CHECK(finished.status == 2);
  CHECK_THAT(finished.err, Contains("the file has changed while it was in use"));
  const json record = json::parse(slurp(run + "/run.json"));
  CHECK(record["status"] == "failed");
  CHECK(record["exit"]["code"] == finished.status);
}

TEST_CASE("Every kind of answer trains, evaluates and is shown") {
  const TemporaryDirectory place;
  const std::string file = (place / "d.jsonl").string();
  std::string lines;
  for (int i = 0; i < 12; ++i) {
    lines +=
        fmt::format(R"({{"c": "ab{0}", "v": [[{0}, 1], [0.5, {0}]], "k": {1}, "n": {0}.5, "i": 1, "w": [[1], [2]]}})",
                    i, i % 3) +
        "\n";
  }
  spill(file, lines);
  struct Case {
    const char* input;
    const char* target;
    const char* predict;
    const char* arch;
  };
  for (const Case& one : std::vector<Case>{{"c:chars", "c:chars", "every", "encoder"},
                                           {"c:chars", "k:class", "last", "decoder"},
                                           {"v:vectors", "n:value", "pooled", "encoder"},
                                           {"v:vectors", "w:vectors", "every", "decoder"},
                                           {"v:vectors", "i:index", "pointer", "encoder"},
                                           {"c:chars", "c:chars", "sequence", "decoder"},
                                           {"v:vectors", "c:chars", "sequence", "encoder-decoder"}}) {
    INFO(one.input << " " << one.target << " " << one.predict << " " << one.arch);
    const std::string target = one.target;
    const bool numbers = target == "n:value" || target == "w:vectors";
    const std::string config = fmt::format(
        R"({{"task": {{"type": "jsonl", "train_file": "d.jsonl", "eval_file": "d.jsonl", "predict": "{}",
             "input": {{"field": "{}", "kind": "{}"}}, "target": {{"field": "{}", "kind": "{}"}}}},
             "model": {{"arch": "{}", "d_model": 8, "heads": 2}}, "loss": {{"type": "{}"}},
             "trainer": {{"epochs": 2, "batch_size": 5}}}})",
        one.predict, std::string(one.input).substr(0, 1), std::string(one.input).substr(2), target.substr(0, 1),
        target.substr(2), one.arch, numbers ? "mse" : "cross_entropy");
    spill(place / "d.json", config);
    const std::string run = (place / "run").string();
    const Finished trained = run_headlight({"train", (place / "d.json").string(), "--run-dir", run, "--force"});
    INFO(trained.err);
    CHECK(trained.status == 0);
    const Finished evaluated = run_headlight({"eval", run, "--json"});
    INFO(evaluated.err);
    REQUIRE(evaluated.status == 0);
    const json result = json::parse(evaluated.out);
    CHECK(result["examples"] == 12);
    CHECK(result.contains(numbers ? "mse" : "seq_acc"));
    const Finished shown = run_headlight({"show", run});
    INFO(shown.err);
    CHECK(shown.status == 0);
  }
}
