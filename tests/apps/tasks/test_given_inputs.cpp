// Inputs that someone gives: a task completes them to the examples that it draws itself, which other tests check.
#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/addition.h"
#include "apps/tasks/copy.h"
#include "apps/tasks/modular.h"
#include "apps/tasks/reverse.h"
#include "apps/tasks/sort.h"
#include "tests/apps/tasks/data_testing.h"
#include "tests/apps/tasks/task_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

/// The example of an input, which is given without what the task adds.
Example answered(const Task& task, const Ids& input) {
  Example example;
  example.input = input;
  task.complete(example.input);
  task.answer(example);
  return example;
}

/// Gives the first `symbols` of what ten drawn examples read.
void check_drawn(const Task& task, std::size_t symbols) {
  for (std::uint64_t index = 0; index < 10; ++index) {
    const Example drawn = example(task, Split::eval, index);
    const Ids source(drawn.input.begin(), drawn.input.begin() + static_cast<std::ptrdiff_t>(symbols));
    CHECK(answered(task, source) == drawn);
  }
}

}  // namespace

TEST_CASE("An input of copy, reverse, sort or addition that is given is completed to the example that is drawn") {
  for (const SequenceLayout layout :
       {SequenceLayout::per_position, SequenceLayout::one_sequence, SequenceLayout::two_sequences}) {
    check_drawn(Copy({.layout = layout, .symbols = 9, .length = {.least = 5, .most = 5}}), 5);
    check_drawn(Reverse({.layout = layout, .symbols = 9, .length = {.least = 5, .most = 5}}), 5);
    check_drawn(Sort({.layout = layout, .symbols = 9, .length = {.least = 5, .most = 5}, .marks = true}), 5);
  }
  check_drawn(
      Copy({.layout = SequenceLayout::two_sequences, .symbols = 9, .length = {.least = 5, .most = 5}, .first = 1}), 5);
  check_drawn(
      Sort({.layout = SequenceLayout::one_sequence, .symbols = 9, .length = {.least = 5, .most = 5}, .marks = false}),
      5);
  check_drawn(Addition({.digits = 3}), 6);
  check_drawn(Addition({.digits = 3, .reversed = true, .signs = true}), 8);
}

TEST_CASE("A line that is given is completed to the example of that line") {
  const TemporaryDirectory directory;
  spill(directory / "f", "abc\nb\nca\nc\n");
  const DataRun run(directory, R"({"task": {"type": "lines", "path": "f", "eval_examples": 1},
                                   "trainer": {"steps": 9, "batch_size": 3}, "model": {"arch": "decoder"}})");
  for (std::uint64_t index = 0; index < 3; ++index) {
    const Example drawn = run.example(Split::train, index);
    Example given = answered(*run.task, {drawn.input.begin() + 1, drawn.input.end()});
    given.size = drawn.size;  // what reports by length alone ask for
    CHECK(given == drawn);
  }
}

TEST_CASE(
    "A window of a text that is given predicts what follows each of its characters, and nothing behind the last") {
  const TemporaryDirectory directory;
  spill(directory / "f", "abcabcabcabcabcabcabcabcabcabcabcabcabcabcabc");
  const DataRun run(directory, R"({"task": {"type": "text", "path": "f"}, "trainer": {"steps": 9, "batch_size": 4},
                                   "model": {"arch": "decoder", "max_len": 4}})");
  CHECK(answered(*run.task, {0, 1, 2}).target == Ids{1, 2, kIgnoredTarget});
}

TEST_CASE("Where a task cannot tell the answer to an input no target is known") {
  const Modular task({.p = 7, .train_examples = 40, .eval_examples = 9});
  const Example given = answered(task, {3, 4});
  CHECK(given.input == Ids{3, 4, 7});
  CHECK(given.target == Ids{kIgnoredTarget});  // asked once, at the last position
}
