#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/config/read.h"
#include "apps/tasks/batches.h"
#include "apps/tasks/registry.h"
#include "apps/tasks/reverse.h"
#include "core/error.h"
#include "core/shape.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;

namespace {

/// A task whose examples are their own index, so that a batch shows which examples it holds.
class Counting : public Task {
 public:
  explicit Counting(std::optional<std::uint64_t> examples) : examples_(examples) {}
  TaskShape shape() const override { return {.vocabulary = 1000, .classes = 1000, .length = 2, .target_length = 2}; }
  std::optional<std::uint64_t> examples(Split split) const override {
    return split == Split::train ? examples_ : std::optional<std::uint64_t>(10);
  }
  void example(const ExampleRequest& request, Example& example) const override {
    example.clear();
    example.input.assign(request.length.value_or(2), static_cast<std::int32_t>(request.index));
    example.target = example.input;
    example.size = example.input.size();
  }
  std::string token_text(std::int32_t id) const override { return std::to_string(id); }

 private:
  std::optional<std::uint64_t> examples_;
};

/// The examples of a batch.
std::vector<std::int32_t> indices(Batches& batches, std::uint64_t step) {
  Batch batch;
  batches.fill(step, batch);
  std::vector<std::int32_t> found;
  for (std::size_t row = 0; row < batch.inputs.shape()[0]; ++row) {
    REQUIRE(batch.inputs(row, 0) == batch.targets(row, 1));
    found.push_back(batch.inputs(row, 0));
  }
  return found;
}

std::vector<std::int32_t> epoch(Batches& batches, std::uint64_t number) {
  std::vector<std::int32_t> all;
  for (std::uint64_t i = 0; i < batches.steps_per_epoch(); ++i) {
    const std::vector<std::int32_t> batch = indices(batches, number * batches.steps_per_epoch() + i);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}

std::vector<std::int32_t> sorted(std::vector<std::int32_t> values) {
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

TEST_CASE("Every epoch is a permutation of the training set, each another one") {
  const Counting task(23);
  Batches batches(task, {.batch_size = 5, .seed = 9});
  CHECK(batches.steps_per_epoch() == 5);
  std::vector<std::int32_t> all(23);
  std::iota(all.begin(), all.end(), 0);
  const std::vector<std::int32_t> first = epoch(batches, 0);
  const std::vector<std::int32_t> second = epoch(batches, 1);
  CHECK(sorted(first) == all);
  CHECK(sorted(second) == all);
  CHECK(first != second);
  CHECK(first != all);
  CHECK(indices(batches, 4).size() == 3);
}

TEST_CASE("drop_last leaves out the batch that is not full") {
  const Counting task(23);
  Batches batches(task, {.batch_size = 5, .drop_last = true, .seed = 9});
  CHECK(batches.steps_per_epoch() == 4);
  const std::vector<std::int32_t> first = sorted(epoch(batches, 0));
  CHECK(first.size() == 20);
  CHECK(std::adjacent_find(first.begin(), first.end()) == first.end());
}

TEST_CASE("A batch is a pure function of seed and step") {
  const Counting task(50);
  Batches forwards(task, {.batch_size = 8, .seed = 1});
  Batches backwards(task, {.batch_size = 8, .seed = 1});
  Batches other(task, {.batch_size = 8, .seed = 2});
  for (const std::uint64_t step : {30U, 3U, 17U}) CHECK(indices(backwards, step) == indices(forwards, step));
  CHECK(indices(other, 3) != indices(forwards, 3));
}

TEST_CASE("Fresh batches use each example once, in order") {
  const Counting task(std::nullopt);
  Batches batches(task, {.batch_size = 3, .sampling = Sampling::fresh});
  CHECK(indices(batches, 0) == std::vector<std::int32_t>{0, 1, 2});
  CHECK(indices(batches, 7) == std::vector<std::int32_t>{21, 22, 23});
}

TEST_CASE("A batch's memory is used again when its shape fits") {
  const Counting task(64);
  Batches batches(task, {.batch_size = 8});
  Batch batch;
  batches.fill(0, batch);
  const std::int32_t* const memory = batch.inputs.data();
  batches.fill(1, batch);
  CHECK(batch.inputs.data() == memory);
}

TEST_CASE("fill_batch takes examples as they come") {
  const Counting task(64);
  Batch batch;
  fill_batch(task, Split::eval, 4, 3, batch);
  CHECK(Shape(batch.inputs.shape()) == Shape{3, 2});
  CHECK(batch.inputs(2, 1) == 6);
}

TEST_CASE("Sampling with replacement draws each example anew, and sequential sampling takes them in order") {
  const Counting task(20);
  Batches drawn(task, {.batch_size = 200, .sampling = Sampling::replacement, .seed = 4});
  CHECK(drawn.steps_per_epoch() == 0);
  const std::vector<std::int32_t> one = indices(drawn, 7);
  CHECK(one == indices(drawn, 7));
  CHECK(one != indices(drawn, 8));
  // 200 draws of 20: none is left out but with probability 20 (19/20)^200 < 1e-3, and this draw is fixed.
  std::vector<std::int32_t> seen = sorted(one);
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  CHECK(seen.size() == 20);
  Batches ordered(task, {.batch_size = 8, .sampling = Sampling::sequential});
  CHECK(indices(ordered, 2) == std::vector<std::int32_t>{16, 17, 18, 19});
  CHECK(indices(ordered, 3) == indices(ordered, 0));
}

TEST_CASE("A batch may have one length of its own, and a curriculum grows with the steps") {
  const Counting task(std::nullopt);
  Batches lengths(task, {.batch_size = 4,
                         .sampling = Sampling::fresh,
                         .length_per_batch = std::pair<std::size_t, std::size_t>{3, 9}});
  std::vector<std::size_t> seen;
  Batch batch;
  for (std::uint64_t step = 0; step < 60; ++step) {
    lengths.fill(step, batch);
    CHECK(std::equal(batch.lengths.begin() + 1, batch.lengths.end(), batch.lengths.begin()));
    seen.push_back(batch.lengths[0]);
  }
  CHECK(*std::min_element(seen.begin(), seen.end()) == 3);
  CHECK(*std::max_element(seen.begin(), seen.end()) == 9);
  // 5 symbols at first, 2 more every 10 updates, never more than 8.
  Batches growing(task, {.batch_size = 1,
                         .sampling = Sampling::fresh,
                         .length = Growth{.start = 5, .end = 8, .by = 2, .every = 10}});
  for (const auto& [step, length] :
       std::vector<std::pair<std::uint64_t, std::size_t>>{{0, 5}, {9, 5}, {10, 7}, {20, 8}, {999, 8}}) {
    growing.fill(step, batch);
    CHECK(batch.lengths[0] == length);
  }
}

TEST_CASE("Shorter members are padded behind their end") {
  const Counting task(std::nullopt);
  Batch batch;
  fill_batch(task, {{.index = 7, .length = 3}, {.index = 5, .length = 1}}, batch);
  CHECK(Shape(batch.inputs.shape()) == Shape{2, 3});
  CHECK(batch.lengths == std::vector<std::size_t>{3, 1});
  CHECK(batch.inputs(1, 0) == 5);
  CHECK(batch.inputs(1, 1) == 0);
  CHECK(batch.targets(1, 0) == 5);
  CHECK(batch.targets(1, 1) == kIgnoredTarget);
  CHECK(batch.tokens() == 4);
}

TEST_CASE("Batches refuse what has no meaning") {
  const Counting fixed(10);
  const Counting endless(std::nullopt);
  CHECK(testing::message_of<ConfigError>([&] { Batches(fixed, {.batch_size = 0}); }) ==
        "batches: batch_size must be at least 1");
  CHECK(testing::message_of<ConfigError>([&] { Batches(fixed, {.batch_size = 11, .drop_last = true}); }) ==
        "batches: the training set is smaller than one batch; 10 examples, batch_size 11; lower batch_size");
  CHECK(
      testing::message_of<ConfigError>([&] { Batches(endless, {}); }) ==
      "batches: an epoch needs a training set of fixed size; give the number of training examples, or use fresh ones");
  CHECK(testing::message_of<ConfigError>([&] { Batches(fixed, {.sampling = Sampling::fresh}); }) ==
        "batches: fresh examples need a training set without an end; this one has 10; use sampling by epochs");
}

TEST_CASE("A config's task is built with its seeds and sizes") {
  const config::Config config =
      config::read_config_text({{.name = "a.json",
                                 .text = R"({"seed": 5, "task": {"type": "reverse", "symbols": 4, "length": 6,
                                             "train_examples": 100, "eval": {"examples": 30, "seed": 8}},
                                             "trainer": {"steps": 1}})",
                                 .directory = {}}})
          .config;
  const std::unique_ptr<Task> task = make_task(config);
  CHECK(task->shape().vocabulary == 4);
  CHECK(task->shape().length == 6);
  CHECK(task->examples(Split::train) == 100);
  CHECK(task->examples(Split::eval) == 30);
  const Reverse direct({.symbols = 4, .length = {6, 6}, .train_seed = 5, .eval_seed = 8});
  Batch made;
  Batch wanted;
  for (const Split split : {Split::train, Split::eval}) {
    fill_batch(*task, split, 0, 30, made);
    fill_batch(direct, split, 0, 30, wanted);
    CHECK(std::equal(made.inputs.begin(), made.inputs.end(), wanted.inputs.begin()));
  }
}

TEST_CASE("The word of every registered task is the config's word for it") {
  // What a task that reads files needs besides its word; the files themselves are not opened by the config.
  const std::map<std::string, std::string> more = {
      {"text", R"(, "path": "f"}, "model": {"arch": "decoder", "max_len": 8)"},
      {"lines", R"(, "path": "f"}, "model": {"arch": "decoder")"},
      {"jsonl", R"(, "train_file": "f", "predict": "last", "input": {"kind": "tokens"}, "target": {"kind": "class"})"},
  };
  for (const TaskEntry& entry : tasks()) {
    const std::string name(entry.name);
    INFO(name);
    const auto found = more.find(name);
    const std::string text = fmt::format(R"({{"task": {{"type": "{}"{}}}, "trainer": {{"steps": 1}}}})", name,
                                         found == more.end() ? "" : found->second);
    const config::Config config = config::read_config_text({{.name = "a.json", .text = text, .directory = {}}}).config;
    CHECK(config.task.type == entry.type);
    CHECK(&find_task(config.task.type) == &entry);
  }
}
