#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/reverse.h"
#include "core/error.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;

namespace {

struct Example {
  std::vector<std::int32_t> input;
  std::vector<std::int32_t> target;
  bool operator==(const Example&) const = default;
};

Example example(const Task& task, Split split, std::uint64_t index) {
  Example made{std::vector<std::int32_t>(task.length()), std::vector<std::int32_t>(task.length())};
  task.example(split, index, made.input, made.target);
  return made;
}

}  // namespace

TEST_CASE("The target of reverse is the input from the last symbol to the first") {
  const Reverse task({.symbols = 7, .length = 5});
  for (std::uint64_t index = 0; index < 100; ++index) {
    Example made = example(task, Split::train, index);
    for (const std::int32_t symbol : made.input) CHECK((symbol >= 0 && symbol < 7));
    std::reverse(made.input.begin(), made.input.end());
    CHECK(made.input == made.target);
  }
}

TEST_CASE("An example of reverse is a pure function of seed, split and index") {
  const ReverseOptions options{.train_seed = 3, .eval_seed = 3};
  const Reverse task(options);
  const Reverse same(options);
  // Asked for in another order, by another object.
  const Example late = example(task, Split::train, 41);
  example(same, Split::eval, 0);
  CHECK(example(same, Split::train, 41) == late);
  CHECK(example(task, Split::eval, 41) != late);
  CHECK(example(task, Split::train, 42) != late);
  CHECK(example(Reverse({.train_seed = 4}), Split::train, 41) != late);
  // The held-out set does not move with the seed of the training set.
  CHECK(example(Reverse({.train_seed = 4, .eval_seed = 3}), Split::eval, 7) == example(task, Split::eval, 7));
}

TEST_CASE("An endless reverse has examples beyond 32 bits, all different") {
  const Reverse task({.train_examples = std::nullopt});
  CHECK_FALSE(task.examples(Split::train));
  const std::uint64_t far = std::uint64_t{1} << 32U;
  CHECK(example(task, Split::train, far) != example(task, Split::train, 0));
  CHECK(example(task, Split::train, far + 1) != example(task, Split::train, far));
}

TEST_CASE("The symbols of reverse are uniform at every position") {
  constexpr std::size_t kSymbols = 10;
  constexpr std::size_t kExamples = 20000;
  const Reverse task({.symbols = kSymbols, .length = 4});
  std::array<std::array<double, kSymbols>, 4> counts{};
  for (std::uint64_t index = 0; index < kExamples; ++index) {
    const Example made = example(task, Split::train, index);
    for (std::size_t i = 0; i < 4; ++i) counts[i][static_cast<std::size_t>(made.input[i])] += 1;
  }
  // Pearson's chi-square with 9 degrees of freedom: above 33.7 with probability 1e-4 for a fair source.
  const double expected = static_cast<double>(kExamples) / kSymbols;
  for (const auto& position : counts) {
    double chi_square = 0;
    for (const double count : position) chi_square += (count - expected) * (count - expected) / expected;
    CHECK(chi_square < 33.7);
  }
}

TEST_CASE("Reverse knows which position each query has to read") {
  const Reverse task({.length = 16});
  CHECK(task.expected_key(0, 16) == 15);
  CHECK(task.expected_key(15, 16) == 0);
  CHECK(task.expected_key(3, 8) == 4);
  CHECK(task.expected_key(8, 8) == std::nullopt);
}

TEST_CASE("Reverse refuses examples that it does not have and spans that do not fit") {
  const Reverse task({.length = 3, .train_examples = 10, .eval_examples = 5});
  std::vector<std::int32_t> input(3);
  std::vector<std::int32_t> target(3);
  std::vector<std::int32_t> narrow(2);
  CHECK(testing::message_of<ConfigError>([&] { task.example(Split::eval, 5, input, target); }) ==
        "task: there is no example 5; the eval split has 5");
  CHECK(testing::message_of<ShapeError>([&] { task.example(Split::train, 0, input, narrow); }) ==
        "task: input and target must hold one element per position; 3 and 2 for 3 positions");
  CHECK_THROWS_AS(Reverse({.symbols = 0}), ConfigError);
}
