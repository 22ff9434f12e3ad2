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

std::string lines_config(const std::string& task_keys = "", const std::string& trainer_keys = "\"steps\": 9") {
  return fmt::format(R"({{"task": {{"type": "lines", "path": "f" {}}}, "trainer": {{{}, "batch_size": 4}},
                         "model": {{"arch": "decoder"}}}})",
                     task_keys, trainer_keys);
}

std::string word_of(const Task& task, const Example& example) {
  std::string word;
  for (std::size_t i = 1; i < example.input.size(); ++i) word += task.token_text(example.input[i]);
  return word;
}

/// Fifty different words of letters.
std::string fifty() {
  std::string text;
  for (int i = 0; i < 50; ++i) text += fmt::format("{}{}\n", static_cast<char>('a' + i % 26), i < 26 ? "" : "zz");
  return text;
}

}  // namespace

TEST_CASE("A line is its characters between two marks 0, which also pads it") {
  const TemporaryDirectory directory;
  spill(directory / "f", "abc\nb\nca\nc\n");
  const DataRun run(directory, lines_config(R"(, "eval_examples": 1)"), {"trainer.batch_size=3"});
  CHECK(run.task->shape().vocabulary == 4);
  CHECK(run.task->shape().length == 4);
  CHECK(run.task->shape().begin == 0);
  CHECK(run.task->shape().end == 0);
  std::set<std::pair<Ids, Ids>> seen;
  for (const Split split : {Split::train, Split::eval}) {
    for (std::uint64_t i = 0; i < *run.task->examples(split); ++i) {
      const Example example = run.example(split, i);
      CHECK(example.size + 1 == example.input.size());
      seen.emplace(example.input, example.target);
    }
  }
  CHECK(seen == std::set<std::pair<Ids, Ids>>{
                    {{0, 1, 2, 3}, {1, 2, 3, 0}}, {{0, 2}, {2, 0}}, {{0, 3, 1}, {3, 1, 0}}, {{0, 3}, {3, 0}}});
  CHECK(run.task->token_text(0) == "<stop>");
  CHECK(run.task->token_text(1) == "a");
  Batch batch;
  fill_batch(*run.task, Split::train, 0, 3, batch);
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t t = batch.lengths[row]; t < batch.inputs.shape()[1]; ++t) {
      CHECK(batch.inputs(row, t) == 0);
      CHECK(batch.targets(row, t) == kIgnoredTarget);
    }
  }
}

TEST_CASE("Held-out lines are drawn at random, as many as asked for, and never trained on") {
  const TemporaryDirectory directory;
  spill(directory / "f", fifty());
  const auto held_of = [&](const std::string& keys) {
    const DataRun run(directory, lines_config(keys));
    std::set<std::string> held;
    std::set<std::string> all;
    for (std::uint64_t i = 0; i < *run.task->examples(Split::eval); ++i) {
      held.insert(word_of(*run.task, run.example(Split::eval, i)));
    }
    all = held;
    for (std::uint64_t i = 0; i < *run.task->examples(Split::train); ++i) {
      CHECK(all.insert(word_of(*run.task, run.example(Split::train, i))).second);
    }
    CHECK(all.size() == 50);
    return held;
  };
  CHECK(held_of("").size() == 5);  // a tenth
  const auto twenty = held_of(R"(, "eval_examples": 20)");
  CHECK(twenty.size() == 20);
  CHECK(held_of(R"(, "eval_examples": 20)") == twenty);
  CHECK(held_of(R"(, "eval_examples": 20, "split_seed": 2)") != twenty);
  CHECK_THROWS_AS(held_of(R"(, "eval_examples": 50)"), ConfigError);
}

TEST_CASE("The longest line and the number of lines complete the config, and are checked in it") {
  const TemporaryDirectory directory;
  spill(directory / "f", fifty());
  const DataRun run(directory, lines_config("", R"("epochs": 2)"));
  const config::Config& config = run.loaded.config;
  CHECK(config.model.max_len == 4);
  CHECK(config.task.train_examples == 45);
  CHECK(config.trainer.eval_examples == 5);
  CHECK(config::total_steps(config) == 24);
  const auto refusal = [&](const std::vector<std::string>& overrides) {
    return message_of<ConfigError>([&] { DataRun(directory, lines_config("", R"("epochs": 2)"), overrides); });
  };
  CHECK(
      refusal({"model.max_len=3"}).find("the task needs 4 positions, but `model.max_len` is 3\n  --> <command line>") !=
      std::string::npos);
  CHECK(refusal({"trainer.batch_size=46"}).find("but the training set holds 45 examples") != std::string::npos);
  CHECK(refusal({"trainer.eval_examples=6"}).find("take at most 5, or hold more out") != std::string::npos);
  CHECK(refusal({"schedule.warmup_steps=30"}).find("`schedule.warmup_steps` is 30, but the run has 24") !=
        std::string::npos);
}

TEST_CASE("A head that says the next character of a line may read the one before") {
  const TemporaryDirectory directory;
  spill(directory / "f", "abc\nabd\n");
  const DataRun run(directory, lines_config(), {"trainer.batch_size=1"});
  std::vector<std::size_t> keys;
  run.task->right_keys(0, run.example(Split::eval, 0), 3, keys);
  run.task->right_keys(0, run.example(Split::eval, 0), 0, keys);
  CHECK(run.task->patterns()[0].name == "previous_char");
  CHECK(keys == std::vector<std::size_t>{2});
}
