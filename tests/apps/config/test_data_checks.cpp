#include <fmt/format.h>

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;

namespace {

std::string jsonl(const std::string& input, const std::string& target, const std::string& predict,
                  const std::string& arch, const std::string& more = "") {
  const bool numbers = target == "value" || target == "vectors";
  return fmt::format(R"({{"task": {{"type": "jsonl", "train_file": "f", "predict": "{}", "input": {{"kind": "{}"}},
    "target": {{"kind": "{}"}} {}}}, "trainer": {{"steps": 9}}, "loss": {{"type": "{}"}}, "model": {{"arch": "{}"}}}})",
                     predict, input, target, more, numbers ? "mse" : "cross_entropy", arch);
}

std::string task(const std::string& keys, const std::string& more = R"("model": {"arch": "decoder", "max_len": 8})",
                 const std::string& trainer = R"("steps": 9)") {
  return fmt::format(R"({{"task": {{{}}}, "trainer": {{{}}}, {}}})", keys, trainer, more);
}

const std::string kText = R"("type": "text", "path": "f")";
const std::string kLines = R"("type": "lines", "path": "f")";
const std::string kJsonl =
    R"("type": "jsonl", "train_file": "f", "predict": "last", "input": {"kind": "chars"}, "target": {"kind": "class"})";

}  // namespace

TEST_CASE("Of all combinations of kinds and predictions those pass that mean something, the others are named") {
  // What each prediction takes, from the table of data/README.md.
  const auto fits = [](const std::string& input, const std::string& target, const std::string& predict,
                       const std::string& arch) {
    const bool symbols = target == "tokens" || target == "chars" || target == "words";
    if (predict == "sequence") {
      return symbols && (arch == "encoder-decoder" || (arch == "decoder" && input == target));
    }
    if (arch == "encoder-decoder") return false;
    if (predict == "every") return symbols || target == "vectors";
    if (predict == "pointer") return target == "index";
    return target != "index";
  };
  std::size_t accepted = 0;
  for (const char* input : {"tokens", "chars", "words", "vectors"}) {
    for (const char* target : {"tokens", "chars", "words", "class", "index", "value", "vectors"}) {
      for (const char* predict : {"every", "last", "pooled", "sequence", "pointer"}) {
        for (const char* arch : {"encoder", "decoder", "encoder-decoder"}) {
          const std::string message = problems(jsonl(input, target, predict, arch));
          INFO(input << " " << target << " " << predict << " " << arch << "\n" << message);
          CHECK(message.empty() == fits(input, target, predict, arch));
          accepted += message.empty() ? 1U : 0U;
          const bool named = message.find(predict) != std::string::npos || message.find(input) != std::string::npos;
          CHECK((message.empty() || named));
        }
      }
    }
  }
  // every: 4 inputs * 4 targets * 2; last and pooled: 4 * 6 * 2 * 2; pointer: 4 * 2; sequence: 4 * 3 + 3.
  CHECK(accepted == 32 + 96 + 8 + 15);
}

TEST_CASE("Keys of data that do not go together are refused by name") {
  struct Wrong {
    std::string text;
    const char* what;
  };
  const std::vector<Wrong> cases = {
      {task(kText, R"("model": {"max_len": 8})"),
       "`task.type` \"text\" asks what comes next, but `model.arch` is \"encoder\""},
      {task(kLines, R"("model": {"arch": "encoder-decoder"})"),
       "`task.type` \"lines\" asks what comes next, but `model.arch` is \"encoder-decoder\""},
      {task(kText, R"("model": {"arch": "decoder"})"),
       "`task.type` \"text\" reads windows of `model.max_len` tokens, which is not given"},
      {task(kText, R"("model": {"arch": "decoder", "max_len": 8})", R"("steps": 9, "sampling": "replacement")"),
       "`trainer.sampling` \"replacement\" draws whole examples, but a text has none"},
      {task(kText, R"("model": {"arch": "decoder", "max_len": 8})", R"("steps": 9, "sampling": "fresh")"),
       "`trainer.sampling` \"fresh\" needs examples without an end, but these come from files"},
      {task(kText, R"("model": {"arch": "decoder", "max_len": 8})", R"("epochs": 9)"),
       "`trainer.epochs` needs passes over the training set, but `trainer.sampling` is \"windows\""},
      {task(kLines, R"("model": {"arch": "decoder"})", R"("steps": 9, "sampling": "windows")"),
       "`trainer.sampling` \"windows\" draws pieces of one text, but `task.type` is \"lines\""},
      {task(kLines, R"("model": {"arch": "decoder"})",
            R"("steps": 9, "sampling": "replacement", "batch_size": "full")"),
       "`trainer.batch_size` is \"full\", but with `trainer.sampling` \"replacement\" there is no full set"},
      {task(R"("type": "text")"), "missing key `path` in `task`"},
      {task(R"("type": "jsonl", "input": {"kind": "chars"}, "target": {})"), "missing key `kind` in `task.target`"},
      {task(R"("type": "jsonl", "input": {"kind": "chars"}, "target": {"kind": "class"}, "predict": "last")"),
       "missing key `train_file` in `task`"},
      {task(R"("type": "jsonl", "train_file": "f", "predict": "last")"), "missing key `kind` in `task.input`"},
      {task(kText + R"(, "eval": {"examples": 5})"), "`task.eval` has no effect while the examples come from files"},
      {task(kText + R"(, "symbols": 5)"), "`task.symbols` has no effect while `task.type` is \"text\""},
      {task(kJsonl + R"(, "path": "f")", R"("model": {})"), "`task.path` has no effect while `task.type` is \"jsonl\""},
      {task(kJsonl + R"(, "eval_file": "g", "split": 0.5)", R"("model": {})"),
       "`task.split` has no effect while `task.eval_file` is given"},
      {task(kJsonl + R"(, "order": "sequential", "split_seed": 3)", R"("model": {})"),
       "`task.split_seed` has no effect while `task.order` is \"sequential\""},
      {task(kJsonl + R"(, "order": "sequential")", R"("model": {})", R"("steps": 9, "sampling": "replacement")"),
       "`task.order` \"sequential\" has no effect while `trainer.sampling` is \"replacement\""},
      {task(kJsonl + R"(, "ignore": 0)", R"("model": {})"),
       "`task.ignore` has no effect while `task.target.kind` is not"},
      {task(kJsonl + R"(, "vocabulary": "shared")", R"("model": {})"),
       "`task.vocabulary` \"shared\" needs one kind of symbols, but the input is \"chars\" and the target \"class\""},
      {jsonl("chars", "chars", "sequence", "decoder", R"(, "vocabulary": "separate")"),
       "a decoder reads input and answer as one sequence, so both need one vocabulary; they are \"chars\" and "
       "\"chars\", with `task.vocabulary` \"separate\""},
      {task(R"("type": "jsonl", "train_file": "f", "predict": "last", "input": {"kind": "chars"},
               "target": {"kind": "value"})",
            R"("model": {})"),
       "`task.target.kind` \"value\" is made of numbers, but `loss.type` is \"cross_entropy\""},
      {task(R"("type": "jsonl", "train_file": "f", "predict": "pointer", "input": {"kind": "chars"},
               "target": {"kind": "index"})",
            R"("loss": {"type": "mse"})"),
       "a pointer chooses a position, but `loss.type` is \"mse\""},
  };
  for (const Wrong& wrong : cases) {
    const std::string message = problems(wrong.text);
    INFO(wrong.text << "\n" << message);
    CHECK(message.find("error: " + std::string(wrong.what)) != std::string::npos);
  }
}

TEST_CASE("A shared vocabulary of tokens has one size") {
  const std::string text =
      R"({"task": {"type": "jsonl", "train_file": "f", "predict": "every", "input": {"kind": "tokens", "vocab": 5},
         "target": {"kind": "tokens", "vocab": 6}}, "trainer": {"steps": 9}})";
  CHECK(problems(text).find("`task.input.vocab` is 5 and `task.target.vocab` 6, but the vocabulary is shared") !=
        std::string::npos);
  CHECK(problems(text, {"task.vocabulary=separate"}).empty());
}

TEST_CASE("Relative paths of data start from the config's directory") {
  const Config config = read_config_text({{.name = "a", .text = task(kText), .directory = "/some/where"}}).config;
  CHECK(config.task.data.path == "/some/where/f");
  CHECK(config.task.data.split == 0.9);
  CHECK(config.trainer.sampling == Sampling::kWindows);
  CHECK_FALSE(is_measured(config));
  CHECK(is_measured(read_text(kSmallest)));
}

TEST_CASE("What the files hold completes a config that was read, and the resolved one says the same again") {
  const LoadedConfig loaded = read_config_text(
      {{.name = "a",
        .text = R"({"task": {"type": "lines", "path": "/f"}, "trainer": {"epochs": 3, "batch_size": 10},
                    "model": {"arch": "decoder"}, "schedule": {"type": "cosine"}})",
        .directory = {}}});
  CHECK(total_steps(loaded.config) == 0);
  const DataSizes sizes{.train_examples = 95, .eval_examples = 20, .positions = 12};
  const LoadedConfig known = measured(loaded, sizes);
  CHECK(total_steps(known.config) == 30);
  CHECK(known.config.schedule.steps == 30);
  CHECK(known.config.model.max_len == 12);
  CHECK(known.config.trainer.eval_examples == 20);
  CHECK(needed_positions(known.config) == 12);
  const nlohmann::ordered_json json = to_json(known.config);
  CHECK_FALSE(json["task"].contains("eval"));
  CHECK_FALSE(json["task"].contains("train_examples"));
  const LoadedConfig again = read_config_text({{.name = "b", .text = json.dump(), .directory = {}}});
  CHECK(to_json(measured(again, sizes).config) == json);
}
