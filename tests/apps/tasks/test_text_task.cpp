#include <fmt/format.h>

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/shape.h"
#include "tests/apps/tasks/data_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

/// A config of windows of 8 characters of the file "f".
std::string text_config(const std::string& task_keys = "", const std::string& trainer_keys = "\"steps\": 9") {
  return fmt::format(R"({{"task": {{"type": "text", "path": "f" {}}}, "trainer": {{{}, "batch_size": 4}},
                         "model": {{"arch": "decoder", "max_len": 8}}}})",
                     task_keys, trainer_keys);
}

/// The text that ids stand for.
std::string spelled(const Task& task, const std::vector<std::int32_t>& ids) {
  std::string text;
  for (const std::int32_t id : ids) text += task.token_text(id);
  return text;
}

/// 200 letters, all 26 among them; two that stand side by side do so nowhere else, so that each window is another.
std::string letters() {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>('a' + (i * i + i / 26) % 26);
  return text;
}

}  // namespace

TEST_CASE("Windows of a text are what stands there, and the targets what stands one further") {
  const TemporaryDirectory directory;
  const std::string text = letters();
  spill(directory / "f", text);
  const DataRun run(directory, text_config());
  // floor(0.9 * 200) = 180 tokens are trained on; a window and the token behind it begin at 0, ..., 171.
  REQUIRE(run.task->examples(Split::train) == 172);
  for (std::uint64_t i = 0; i < 172; ++i) {
    const Example example = run.example(Split::train, i);
    REQUIRE(spelled(*run.task, example.input) == text.substr(i, 8));
    REQUIRE(spelled(*run.task, example.target) == text.substr(i + 1, 8));
  }
  CHECK(run.task->shape().vocabulary == 26);
  CHECK(run.task->shape().length == 8);
}

TEST_CASE("Held-out windows stand side by side and predict every token of the rest but its first, once") {
  const TemporaryDirectory directory;
  const std::string text = letters();
  spill(directory / "f", text);
  const DataRun run(directory, text_config());
  std::string predicted;
  REQUIRE(run.task->examples(Split::eval) == 3);  // 19 tokens to predict, 8 in a window
  for (std::uint64_t i = 0; i < 3; ++i) {
    const Example example = run.example(Split::eval, i);
    REQUIRE(example.input.size() == example.target.size());
    CHECK(spelled(*run.task, example.input) == text.substr(180 + 8 * i, i < 2 ? 8 : 3));
    predicted += spelled(*run.task, example.target);
  }
  CHECK(predicted == text.substr(181));
  CHECK_THROWS_AS(run.example(Split::eval, 3), ConfigError);
  // With epochs the first part is cut likewise: 179 tokens to predict.
  const DataRun epochs(directory, text_config("", R"("epochs": 2, "sampling": "epochs")"));
  CHECK(epochs.task->examples(Split::train) == 23);
  CHECK(epochs.example(Split::train, 22).input.size() == 3);
  CHECK(config::total_steps(epochs.loaded.config) == 12);  // 6 batches of at most 4 in each of 2 passes
}

TEST_CASE("Training windows are drawn at places that are uniform, as a pure function of the step") {
  const TemporaryDirectory directory;
  spill(directory / "f", letters());
  const DataRun run(directory, text_config());
  CHECK(run.loaded.config.trainer.sampling == config::Sampling::kWindows);
  Batches batches(*run.task, {.batch_size = 400, .sampling = Sampling::replacement, .seed = 5});
  Batch batch;
  batches.fill(3, batch);
  CHECK(Shape(batch.inputs.shape()) == Shape{400, 8});
  std::size_t early = 0;
  for (const Example& example : batch.examples) {
    for (std::uint64_t i = 0; i < 86; ++i) early += example == run.example(Split::train, i) ? 1U : 0U;
  }
  // Half of 172 places: a binomial of 400 with deviation 10.
  CHECK(early > 160);
  CHECK(early < 240);
  Batch again;
  batches.fill(4, again);
  CHECK(again.examples != batch.examples);
  batches.fill(3, again);
  CHECK(again.examples == batch.examples);
}

TEST_CASE("A text of bytes has 256 tokens, one of characters those that it holds") {
  const TemporaryDirectory directory;
  spill(directory / "f", std::string(50, 'a') + "\xFF\xC3\xA9" + std::string(50, ' '));
  const DataRun bytes(directory, text_config(R"(, "level": "byte", "split": 0.5)"));
  CHECK(bytes.task->shape().vocabulary == 256);
  // floor(0.5 * 103) = 51 bytes are trained on; windows begin at 0, ..., 42, and the last target of the last is byte 50.
  REQUIRE(bytes.task->examples(Split::train) == 43);
  CHECK(bytes.example(Split::train, 42).target.back() == 0xFF);
  spill(directory / "f", std::string(50, 'a') + "\xC3\xA9" + std::string(50, ' '));
  const DataRun characters(directory, text_config(R"(, "split": 0.5)"));
  CHECK(characters.task->shape().vocabulary == 3);
  CHECK(characters.task->token_text(0) == "<space>");
  CHECK(characters.example(Split::eval, 0).input == Ids{2, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("A text that is too short is refused with the sizes") {
  const TemporaryDirectory directory;
  spill(directory / "f", "0123456789");
  CHECK(message_of<ConfigError>([&] { DataRun(directory, text_config(R"(, "split": 0.8)")); }) ==
        (directory / "f").string() +
            ": the part to train on is shorter than one window and the token behind it; 8 of 10 tokens, "
            "`model.max_len` 8; give a longer text, or lower `model.max_len`");
  CHECK(message_of<ConfigError>([&] {
          DataRun(directory, text_config(R"(, "split": 0.99)"));
        }).find("the held-out part of the text has nothing to predict; 1 of 10 tokens") != std::string::npos);
}

TEST_CASE("A known vocabulary numbers another text, whose new characters are refused with their lines") {
  const TemporaryDirectory directory;
  spill(directory / "f", letters() + "\n");
  const DataRun run(directory, text_config());
  spill(directory / "g", "abc\nzyx");
  const DataSource source{.known = &run.data().facts().vocabularies, .evaluate = directory / "g"};
  const auto other = make_data_task(run.loaded.config, source);
  CHECK(other->examples(Split::train) == 0);
  CHECK(other->examples(Split::eval) == 1);
  Example example;
  other->example({.split = Split::eval}, example);
  CHECK(spelled(*run.task, example.target) == "bc<newline>zyx");
  spill(directory / "g", "abc\nABC\n");
  const std::string message = message_of<ConfigError>([&] { make_data_task(run.loaded.config, source); });
  for (const char* letter : {"A", "B", "C"}) {
    CHECK(message.find(fmt::format("g:2: `{}` is in no example that the run was trained with", letter)) !=
          std::string::npos);
  }
}

TEST_CASE("A head that says the next character may read the one before") {
  const TemporaryDirectory directory;
  spill(directory / "f", letters());
  const DataRun run(directory, text_config());
  REQUIRE(run.task->patterns().size() == 1);
  CHECK(run.task->patterns()[0].block == "dec.self");
  const Example example = run.example(Split::eval, 0);
  std::vector<std::size_t> keys;
  run.task->right_keys(0, example, 0, keys);
  CHECK(keys.empty());
  run.task->right_keys(0, example, 5, keys);
  CHECK(keys == std::vector<std::size_t>{4});
}
