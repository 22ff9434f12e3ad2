#include <algorithm>
#include <numeric>
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
  std::size_t vocabulary() const override { return 1000; }
  std::size_t classes() const override { return 1000; }
  std::size_t length() const override { return 2; }
  std::optional<std::uint64_t> examples(Split split) const override {
    return split == Split::train ? examples_ : std::optional<std::uint64_t>(10);
  }
  void example(Split, std::uint64_t index, std::span<std::int32_t> input,
               std::span<std::int32_t> target) const override {
    std::fill(input.begin(), input.end(), static_cast<std::int32_t>(index));
    std::fill(target.begin(), target.end(), static_cast<std::int32_t>(index));
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
  CHECK(task->vocabulary() == 4);
  CHECK(task->length() == 6);
  CHECK(task->examples(Split::train) == 100);
  CHECK(task->examples(Split::eval) == 30);
  const Reverse direct({.symbols = 4, .length = 6, .train_seed = 5, .eval_seed = 8});
  Batch made;
  Batch wanted;
  for (const Split split : {Split::train, Split::eval}) {
    fill_batch(*task, split, 0, 30, made);
    fill_batch(direct, split, 0, 30, wanted);
    CHECK(std::equal(made.inputs.begin(), made.inputs.end(), wanted.inputs.begin()));
  }
}

TEST_CASE("The word of every registered task is the config's word for it") {
  for (const TaskEntry& entry : tasks()) {
    const std::string text = R"({"task": {"type": ")" + std::string(entry.name) + R"("}, "trainer": {"steps": 1}})";
    const config::Config config = config::read_config_text({{.name = "a.json", .text = text, .directory = {}}}).config;
    CHECK(config.task.type == entry.type);
    CHECK(&find_task(config.task.type) == &entry);
  }
}
