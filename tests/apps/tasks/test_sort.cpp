#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/sort.h"
#include "core/error.h"
#include "tests/apps/tasks/task_testing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::example;
using headlight::testing::right_keys;
using Ids = std::vector<std::int32_t>;
using Keys = std::vector<std::size_t>;

namespace {

std::set<Ids> inputs(const SortOptions& options, Split split, std::uint64_t draws) {
  const Sort task(options);
  std::set<Ids> found;
  for (std::uint64_t index = 0; index < draws; ++index) found.insert(example(task, split, index).input);
  return found;
}

}  // namespace

TEST_CASE("The answer of sort has the same symbols, none before a smaller one") {
  for (const std::size_t symbols : {3UL, 5UL, 10UL}) {
    for (const std::size_t length : {3UL, 6UL, 9UL}) {
      const Sort task({.layout = SequenceLayout::per_position, .symbols = symbols, .length = {length, length}});
      for (std::uint64_t index = 0; index < 50; ++index) {
        const Example made = example(task, Split::train, index);
        REQUIRE(made.input.size() == length);
        std::map<std::int32_t, int> balance;
        for (const std::int32_t id : made.input) ++balance[id];
        for (const std::int32_t id : made.target) --balance[id];
        for (const auto& [id, count] : balance) {
          CHECK(count == 0);
          CHECK((id >= 0 && id < static_cast<std::int32_t>(symbols)));
        }
        for (std::size_t i = 1; i < length; ++i) CHECK(made.target[i - 1] <= made.target[i]);
      }
    }
  }
}

TEST_CASE("Training and evaluation of sort share no input, and together they have all of them") {
  const SortOptions per_position{.layout = SequenceLayout::per_position, .eval_examples = 20000};
  const std::set<Ids> train = inputs(per_position, Split::train, 20000);
  const std::set<Ids> eval = inputs(per_position, Split::eval, 20000);
  for (const Ids& input : eval) CHECK_FALSE(train.contains(input));
  // 3^6 inputs; that one of about 547 is missed by 20,000 draws has probability 547 exp(-36).
  CHECK(train.size() + eval.size() == 729);
  // A quarter of them: 182 with a deviation of sqrt(729 / 4 * 3 / 4) = 11.7; 5 deviations.
  CHECK(std::abs(static_cast<double>(eval.size()) - 182.25) < 59);
  // The hash, not the seed, says which.
  SortOptions other = per_position;
  other.train_seed = 9;
  other.eval_seed = 9;
  CHECK(inputs(other, Split::eval, 20000) == eval);
  other.hash_split = 0.5;
  const double half = static_cast<double>(inputs(other, Split::eval, 20000).size());
  CHECK(std::abs(half - 364.5) < 68);  // 5 deviations of 13.5
}

TEST_CASE("A hash holds out the wanted share of inputs, also of those that differ in one place alone") {
  for (const double share : {0.1, 0.5}) {
    for (const std::size_t place : {0UL, 7UL}) {
      double held_out = 0;
      Ids input(8, 3);
      for (std::int32_t id = 0; id < 10000; ++id) {
        input[place] = id;
        if (is_held_out(input, share)) held_out += 1;
      }
      // Binomial: 5 deviations of sqrt(share (1 - share) / 10000).
      CHECK(std::abs(held_out / 10000 - share) < 5 * std::sqrt(share * (1 - share) / 10000));
    }
  }
}

TEST_CASE("Inputs of sort with many repetitions come more often than by chance") {
  // Of the 6^4 = 1296 inputs 6 + 15 (2^4 - 2) = 216 have at most two different symbols, a sixth. All of them and half of
  // the draws of the others are kept: (1/6) / (1/6 + 5/12) = 2/7. The split by hash moves that by 0.01 (162 +- 6 of
  // the 216 are trained on), 20,000 draws by 0.003.
  const Sort task({.layout = SequenceLayout::per_position, .symbols = 6, .length = {4, 4}});
  double repetitive = 0;
  for (std::uint64_t index = 0; index < 20000; ++index) {
    const Ids input = example(task, Split::train, index).input;
    if (std::set<std::int32_t>(input.begin(), input.end()).size() <= 2) repetitive += 1;
  }
  CHECK(std::abs(repetitive / 20000 - 2.0 / 7) < 0.05);
}

TEST_CASE("A decoder reads the sorted answer right behind the input, as in minGPT") {
  const Sort task({});
  const TaskShape shape = task.shape();
  CHECK(shape.vocabulary == 3);
  CHECK(shape.classes == 3);
  CHECK(shape.length == 11);  // get_block_size() of the demo: 2 * 6 - 1
  CHECK_FALSE(shape.begin);
  CHECK_FALSE(shape.end);
  const Example made = example(task, Split::eval, 3);
  const Ids source(made.input.begin(), made.input.begin() + 6);
  Ids sorted = source;
  std::sort(sorted.begin(), sorted.end());
  CHECK(Ids(made.input.begin() + 6, made.input.end()) == Ids(sorted.begin(), sorted.end() - 1));
  Ids target(5, kIgnoredTarget);
  target.insert(target.end(), sorted.begin(), sorted.end());
  CHECK(made.target == target);
  CHECK(made.size == 6);
  CHECK(task.token_text(2) == "2");

  // The positions of the symbol that is said; before the last symbol of the input nothing is.
  CHECK(task.patterns().front().block == "dec.self");
  CHECK(right_keys(task, made, 4).empty());
  for (std::size_t query = 5; query < 11; ++query) {
    Keys same;
    for (std::size_t i = 0; i < 6; ++i) {
      if (source[i] == made.target[query]) same.push_back(i);
    }
    CHECK(right_keys(task, made, query) == same);
  }
  CHECK(right_keys(task, made, 11).empty());
}

TEST_CASE("Several lengths and other layouts of sort stand between marks") {
  const Sort several({.length = {2, 4}, .marks = true});
  const Example made = example(several, Split::eval, 0, 2);
  REQUIRE(made.input.size() == 5);
  CHECK(made.input[2] == 3);
  CHECK(made.target[4] == 4);
  CHECK(several.token_text(3) == "<begin>");
  CHECK(several.shape().length == 9);
  const Sort two({.layout = SequenceLayout::two_sequences});
  CHECK(two.shape().vocabulary == 3);
  CHECK(two.shape().second_vocabulary == 5);
  CHECK(example(two, Split::eval, 0).begun.front() == 3);
  CHECK(right_keys(two, example(two, Split::eval, 0), 6).empty());
}

TEST_CASE("An example of sort is a pure function of seed, split and index") {
  const Sort task({.symbols = 10});
  const Example late = example(task, Split::train, 41);
  CHECK(example(Sort({.symbols = 10}), Split::train, 41) == late);
  CHECK(example(task, Split::train, 42) != late);
  CHECK(example(Sort({.symbols = 10, .train_seed = 2}), Split::train, 41) != late);
  CHECK(example(Sort({.symbols = 10, .train_seed = 2}), Split::eval, 4) == example(task, Split::eval, 4));
}

TEST_CASE("Sort refuses what cannot be laid out, or split") {
  CHECK(testing::message_of<ConfigError>([] {
          Sort({.length = {2, 4}});
        }) ==
        "sort: without marks a decoder cannot know where an input ends, so that all have one length; lengths 2 to 4; "
        "take one length, or marks");
  CHECK(testing::message_of<ConfigError>([] { example(Sort({}), Split::eval, 0, 5); }) ==
        "sort: there is no example of length 5; the only length is 6");
  // One input cannot be in both splits.
  const std::string message = testing::message_of<ConfigError>([] { Sort({.symbols = 1}); });
  CHECK(message.starts_with("sort: no input of length 6 is found to "));
  CHECK(message.ends_with("take more symbols, longer inputs, or another `task.hash_split`"));
}

TEST_CASE("Sort refuses a length of which no input is held out before it is evaluated") {
  // A hundredth of three inputs is by chance none, of the 729 of length 6 it is some.
  SortOptions options{.layout = SequenceLayout::per_position, .hash_split = 0.01};
  for (std::int32_t symbol = 0; symbol < 3; ++symbol) REQUIRE_FALSE(is_held_out(std::vector{symbol}, 0.01));
  CHECK_NOTHROW(Sort(options));
  options.length.asked = {1};
  CHECK_THROWS_WITH(Sort(options), Catch::StartsWith("sort: no input of length 1 is found to hold out; "));
  options.length.asked = {7};
  CHECK_NOTHROW(Sort(options));
}
