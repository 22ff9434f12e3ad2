#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/shape.h"
#include "tests/apps/tasks/data_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

/// A config that reads the file "f", all of it for both purposes, so that examples stand in their order.
std::string jsonl_config(const std::string& input, const std::string& target, const std::string& predict,
                         const std::string& arch, const std::string& more = "") {
  const bool numbers = target == "value" || target == "vectors";
  return fmt::format(R"({{"task": {{"type": "jsonl", "train_file": "f", "eval_file": "f", "predict": "{}",
                                   "input": {{"kind": "{}"}}, "target": {{"kind": "{}"}} {}}},
                         "trainer": {{"steps": 9, "batch_size": 1}}, "loss": {{"type": "{}"}},
                         "model": {{"arch": "{}"}}}})",
                     predict, input, target, more, numbers ? "mse" : "cross_entropy", arch);
}

/// Two examples with each kind of input, and the ids, or numbers, that they should become.
struct Input {
  const char* kind;
  const char* first;
  const char* second;
  Ids first_ids;
  Ids second_ids;
  std::vector<double> first_vectors;
};

const std::vector<Input> kInputs = {
    {"tokens", "[2, 0, 4]", "[1]", {2, 0, 4}, {1}, {}},
    {"chars", "\"cab\"", "\"b\"", {2, 0, 1}, {1}, {}},
    {"words", "\"so it is\"", "\"it\"", {2, 1, 0}, {1}, {}},  // is, it, so
    {"vectors", "[[1, 2], [3, 4], [5, 6]]", "[[7, 8]]", {}, {}, {1, 2, 3, 4, 5, 6}},
};

/// Two targets for these inputs of three and one elements.
struct Target {
  const char* kind;
  const char* predict;
  const char* first;
  const char* second;
  Ids first_ids;
  Ids second_ids;
  std::vector<double> first_values;
  std::size_t classes;
  std::size_t values;
};

const std::vector<Target> kTargets = {
    {"tokens", "every", "[7, -100, 1]", "[0]", {7, kIgnoredTarget, 1}, {0}, {}, 8, 0},
    {"chars", "every", "\"xyx\"", "\"y\"", {0, 1, 0}, {1}, {}, 2, 0},
    {"words", "every", "\"u v u\"", "\"v\"", {0, 1, 0}, {1}, {}, 2, 0},
    {"vectors", "every", "[[1], [2], [3]]", "[[4]]", {0, 0, 0}, {0}, {1, 2, 3}, 0, 1},
    {"class", "last", "2", "0", {2}, {0}, {}, 3, 0},
    {"class", "pooled", "\"bad\"", "\"a good one\"", {1}, {0}, {}, 2, 0},
    {"value", "last", "0.5", "-2", {0}, {0}, {0.5}, 0, 1},
    {"value", "pooled", "3", "1e3", {0}, {0}, {3}, 0, 1},
    {"vectors", "last", "[[1, 2]]", "[[4, 5]]", {0}, {0}, {1, 2}, 0, 2},
    {"vectors", "pooled", "[[1, 2]]", "[[4, 5]]", {0}, {0}, {1, 2}, 0, 2},
    {"tokens", "last", "[3]", "[1]", {3}, {1}, {}, 4, 0},
    {"chars", "pooled", "\"q\"", "\"p\"", {1}, {0}, {}, 2, 0},
    {"words", "last", "\"yes\"", "\"no\"", {1}, {0}, {}, 2, 0},
    {"index", "pointer", "2", "0", {2}, {0}, {}, 0, 0},
};

void spill_two(const TemporaryDirectory& directory, const Input& input, const char* first, const char* second) {
  spill(directory / "f", fmt::format("{{\"input\": {}, \"target\": {}}}\n{{\"input\": {}, \"target\": {}}}\n",
                                     input.first, first, input.second, second));
}

Prediction prediction_of(const std::string& predict) {
  if (predict == "last") return Prediction::last;
  if (predict == "pooled") return Prediction::pooled;
  return predict == "pointer" ? Prediction::pointer : Prediction::every;
}

}  // namespace

TEST_CASE("Every kind of input goes with every kind of target that its prediction takes") {
  const TemporaryDirectory directory;
  for (const Input& input : kInputs) {
    for (const Target& target : kTargets) {
      for (const char* arch : {"encoder", "decoder"}) {
        INFO(input.kind << " -> " << target.kind << ", " << target.predict << ", " << arch);
        spill_two(directory, input, target.first, target.second);
        const std::string own = std::string(input.kind) == target.kind && input.first_vectors.empty()
                                    ? R"(, "vocabulary": "separate")"
                                    : "";
        const DataRun run(directory, jsonl_config(input.kind, target.kind, target.predict, arch, own));
        const TaskShape shape = run.task->shape();
        const bool vectors = !input.first_vectors.empty();
        CHECK(shape.vocabulary == (vectors ? 0 : input.kind == std::string("tokens") ? 5 : 3));
        CHECK(shape.features == (vectors ? 2 : 0));
        CHECK(shape.classes == target.classes);
        CHECK(shape.values == target.values);
        CHECK(shape.predict == prediction_of(target.predict));
        CHECK(shape.length == 3);
        CHECK(shape.target_length == (shape.predict == Prediction::every ? 3 : 1));
        CHECK_FALSE(shape.begin);
        const Example first = run.example(Split::train, 0);
        CHECK(first.input == input.first_ids);
        CHECK(first.vectors == input.first_vectors);
        CHECK(first.target == target.first_ids);
        CHECK(first.values == target.first_values);
        CHECK(first.size == 3);
        const Example second = run.example(Split::eval, 1);
        CHECK(second.input == input.second_ids);
        CHECK(second.target == target.second_ids);
        Batch batch;
        fill_batch(*run.task, Split::train, 0, 2, batch);
        CHECK(batch.lengths == std::vector<std::size_t>{3, 1});
        // What pads the shorter one does not count.
        for (std::size_t t = 1; t < batch.targets.shape()[1]; ++t) CHECK(batch.targets(1, t) == kIgnoredTarget);
      }
    }
  }
}

TEST_CASE("A sequence is generated between marks behind the symbols, by both kinds of decoder") {
  const TemporaryDirectory directory;
  for (const Input& input : kInputs) {
    for (const char* kind : {"tokens", "chars", "words"}) {
      INFO(input.kind << " -> " << kind);
      const bool tokens = kind == std::string("tokens");
      const bool chars = kind == std::string("chars");
      spill_two(directory, input, tokens ? "[1, 0]" : chars ? "\"ba\"" : "\"is it\"", tokens ? "[]" : "\"\"");
      const DataRun pair(directory, jsonl_config(input.kind, kind, "sequence", "encoder-decoder",
                                                 R"(, "vocabulary": "separate")"));
      const TaskShape shape = pair.task->shape();
      CHECK(shape.classes == 4);  // two symbols and the marks
      CHECK(shape.second_vocabulary == 4);
      CHECK(shape.begin == 2);
      CHECK(shape.end == 3);
      CHECK(shape.target_length == 3);
      const Ids answer = chars || tokens ? Ids{1, 0} : Ids{0, 1};
      const Example first = pair.example(Split::train, 0);
      CHECK(first.input == input.first_ids);
      CHECK(first.vectors == input.first_vectors);
      CHECK(first.begun == Ids{2, answer[0], answer[1]});
      CHECK(first.target == Ids{answer[0], answer[1], 3});
      const Example empty = pair.example(Split::train, 1);
      CHECK(empty.begun == Ids{2});
      CHECK(empty.target == Ids{3});
      CHECK(pair.task->target_text(3) == "<end>");
      if (kind != std::string(input.kind)) continue;
      const DataRun one(directory, jsonl_config(input.kind, kind, "sequence", "decoder"));
      const auto symbols = static_cast<std::int32_t>(input.kind == std::string("tokens") ? 5 : 3);
      CHECK(one.task->shape().vocabulary == static_cast<std::size_t>(symbols) + 2);
      CHECK(one.task->shape().length == 6);
      Ids read = input.first_ids;
      read.insert(read.end(), {symbols, answer[0], answer[1]});
      CHECK(one.example(Split::train, 0).input == read);
      CHECK(one.example(Split::train, 0).target ==
            Ids{kIgnoredTarget, kIgnoredTarget, kIgnoredTarget, answer[0], answer[1], symbols + 1});
      CHECK(one.task->token_text(symbols) == "<begin>");
    }
  }
}

TEST_CASE("Input and target share one vocabulary, or have one each") {
  const TemporaryDirectory directory;
  spill(directory / "f", R"({"input": "ab", "target": "cb"})");
  const DataRun shared(directory, jsonl_config("chars", "chars", "every", "encoder"));
  CHECK(shared.task->shape().vocabulary == 3);
  CHECK(shared.task->shape().classes == 3);
  CHECK(shared.example(Split::train, 0).target == Ids{2, 1});
  const DataRun separate(directory,
                         jsonl_config("chars", "chars", "every", "encoder", R"(, "vocabulary": "separate")"));
  CHECK(separate.task->shape().vocabulary == 2);
  CHECK(separate.task->shape().classes == 2);
  CHECK(separate.example(Split::train, 0).target == Ids{1, 0});
  CHECK(separate.task->target_text(1) == "c");
  CHECK(separate.task->token_text(1) == "b");
}

TEST_CASE("A vocabulary of a given size is kept, whatever the file uses of it") {
  const TemporaryDirectory directory;
  spill(directory / "f", R"({"input": [1], "target": 2})");
  const DataRun run(directory, jsonl_config("tokens", "class", "last", "encoder"),
                    {"task.input.vocab=9", "task.target.vocab=5"});
  CHECK(run.task->shape().vocabulary == 9);
  CHECK(run.task->shape().classes == 5);
}

TEST_CASE("Without a file for evaluation a part is held out: at random, or the end in sequential order") {
  const TemporaryDirectory directory;
  std::string text;
  for (int i = 0; i < 20; ++i) text += fmt::format("{{\"input\": [{0}], \"target\": {0}}}\r\n", i);
  spill(directory / "f", text);
  const std::string base = R"({"task": {"type": "jsonl", "train_file": "f", "predict": "last", "split": 0.7,
      "input": {"kind": "tokens"}, "target": {"kind": "class"}}, "trainer": {"epochs": 1, "batch_size": 5}})";
  const auto held_of = [](const DataRun& run) {
    std::vector<std::int32_t> held;
    std::set<std::int32_t> all;
    for (std::uint64_t i = 0; i < *run.task->examples(Split::eval); ++i) {
      held.push_back(run.example(Split::eval, i).input[0]);
    }
    all.insert(held.begin(), held.end());
    for (std::uint64_t i = 0; i < *run.task->examples(Split::train); ++i) {
      all.insert(run.example(Split::train, i).input[0]);
    }
    CHECK(all.size() == 20);
    return held;
  };
  const Ids drawn = held_of(DataRun(directory, base));
  CHECK(drawn.size() == 6);
  CHECK(drawn != Ids{14, 15, 16, 17, 18, 19});
  CHECK(held_of(DataRun(directory, base, {"seed=9"})) == drawn);
  CHECK(held_of(DataRun(directory, base, {"task.split_seed=2"})) != drawn);
  const DataRun sequential(directory, base, {"task.order=sequential"});
  CHECK(held_of(sequential) == Ids{14, 15, 16, 17, 18, 19});
  CHECK(config::total_steps(sequential.loaded.config) == 3);
}

TEST_CASE("A line that does not fit the prediction is refused with its place") {
  struct Wrong {
    const char* input;
    const char* target;
    const char* predict;
    const char* line;
    const char* message;
  };
  const std::vector<Wrong> cases = {
      {"tokens", "tokens", "every", R"({"input": [1, 2], "target": [1]})",
       "f:2: `input` and `target` must be as long as each other; 2 and 1 elements; give an answer for every position"},
      {"tokens", "tokens", "every", R"({"input": [], "target": []})",
       "f:2: `input` is empty; give it at least one element, or remove the line"},
      {"tokens", "tokens", "every", R"({"input": [1, 2], "target": [-100, -100]})",
       "f:2: every token of `target` is to be ignored"},
      {"chars", "chars", "last", R"({"input": "ab", "target": "ab"})",
       "f:2: `target` must hold one element; it holds 2; give one answer"},
      {"words", "index", "pointer", R"({"input": "a b", "target": 2})",
       "f:2: `target` is no position of `input`; 2, of 2 positions; positions count from 0"},
      {"vectors", "class", "pooled", R"({"input": [[1, 2, 3]], "target": 1})",
       "f:2: a vector has 3 numbers; those of the lines before have 2; give all vectors as many numbers"},
      {"tokens", "class", "pooled", R"({"input": [1], "target": "x"})",
       "f:2: labels are strings in some lines and integers in others; write all of them alike"},
  };
  const TemporaryDirectory directory;
  for (const Wrong& wrong : cases) {
    INFO(wrong.line);
    const std::string good = fmt::format(R"({{"input": {}, "target": {}}})",
                                         wrong.input == std::string("tokens")    ? "[1]"
                                         : wrong.input == std::string("vectors") ? "[[1, 2]]"
                                                                                 : "\"a\"",
                                         wrong.target == std::string("tokens")  ? "[1]"
                                         : wrong.target == std::string("chars") ? "\"a\""
                                                                                : "0");
    spill(directory / "f", good + "\n" + wrong.line + "\n");
    const std::string message = message_of<ConfigError>(
        [&] { DataRun(directory, jsonl_config(wrong.input, wrong.target, wrong.predict, "encoder")); });
    CHECK(message.substr(directory.path().string().size() + 1).find(wrong.message) == 0);
  }
}

TEST_CASE("A known vocabulary numbers another file") {
  const TemporaryDirectory directory;
  spill(directory / "f", R"({"input": "b d", "target": "no"})"
                         "\n"
                         R"({"input": "a", "target": "yes"})");
  const DataRun run(directory, jsonl_config("words", "class", "last", "encoder"));
  spill(directory / "g", R"({"input": "d", "target": "yes"})");
  const DataSource source{.known = &run.data().facts().vocabularies, .evaluate = directory / "g"};
  const auto other = make_data_task(run.loaded.config, source);
  CHECK(other->examples(Split::train) == 0);
  CHECK(other->shape().vocabulary == 3);
  Example example;
  other->example({.split = Split::eval}, example);
  CHECK(example.input == Ids{2});
  CHECK(example.target == Ids{1});
  spill(directory / "g", R"({"input": "c", "target": "perhaps"})");
  CHECK(message_of<ConfigError>([&] { make_data_task(run.loaded.config, source); }).find("g:1: `c` is in no example") !=
        std::string::npos);
}

TEST_CASE("Examples from a file are asked for by number alone") {
  const TemporaryDirectory directory;
  spill(directory / "f", R"({"input": [1], "target": 0})");
  const DataRun run(directory, jsonl_config("tokens", "class", "last", "encoder"));
  Example example;
  CHECK_THROWS_AS(run.task->example({.index = 1}, example), ConfigError);
  CHECK_THROWS_AS(run.task->example({.length = 1}, example), ConfigError);
  CHECK_NOTHROW(run.task->example({}, example));
}
