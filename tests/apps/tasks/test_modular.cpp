#include <set>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/modular.h"
#include "core/error.h"
#include "tests/apps/tasks/task_testing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::example;
using headlight::testing::right_keys;
using Keys = std::vector<std::size_t>;
using Residues = std::pair<std::int32_t, std::int32_t>;

namespace {

std::set<Residues> pairs(const Task& task, Split split) {
  std::set<Residues> found;
  for (std::uint64_t index = 0; index < task.examples(split); ++index) {
    const Example made = example(task, split, index);
    found.insert({made.input[0], made.input[1]});
  }
  return found;
}

/// Whether c is the result, by trying: no division is needed.
bool is_result(ModularOperation operation, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t p) {
  switch (operation) {
    case ModularOperation::add:
      return (a + b - c) % p == 0;
    case ModularOperation::subtract:
      return (a - b - c) % p == 0;
    case ModularOperation::multiply:
      return (a * b - c) % p == 0;
    case ModularOperation::divide:
      return (c * b - a) % p == 0;
    case ModularOperation::quadratic:
      break;
  }
  return (a * a + a * b + b * b - c) % p == 0;
}

}  // namespace

TEST_CASE("Every pair of a modular operation stands in one of the two sets, with the right result") {
  for (const std::uint64_t p : {2UL, 7UL, 13UL}) {
    for (const ModularOperation operation :
         {ModularOperation::add, ModularOperation::subtract, ModularOperation::multiply, ModularOperation::divide,
          ModularOperation::quadratic}) {
      const bool divides = operation == ModularOperation::divide;
      const std::uint64_t all = divides ? p * (p - 1) : p * p;
      const std::uint64_t train = all / 2;
      const Modular task({.operation = operation, .p = p, .train_examples = train, .eval_examples = all - train});
      for (const Split split : {Split::train, Split::eval}) {
        for (std::uint64_t index = 0; index < task.examples(split); ++index) {
          const Example made = example(task, split, index);
          REQUIRE(made.input.size() == 3);
          REQUIRE(made.target.size() == 1);
          const std::int64_t a = made.input[0];
          const std::int64_t b = made.input[1];
          const auto modulus = static_cast<std::int64_t>(p);
          CHECK((a >= 0 && a < modulus && b >= (divides ? 1 : 0) && b < modulus));
          CHECK(made.input[2] == modulus);
          CHECK((made.target[0] >= 0 && made.target[0] < modulus));
          CHECK(is_result(operation, a, b, made.target[0], modulus));
        }
      }
      std::set<Residues> both = pairs(task, Split::train);
      CHECK(both.size() == train);
      both.merge(pairs(task, Split::eval));
      CHECK(both.size() == all);
    }
  }
}

TEST_CASE("The split of modular is drawn from its seed, and even over the operands") {
  const Modular task({});
  const std::set<Residues> train = pairs(task, Split::train);
  CHECK(train.size() == 3830);                     // 30 % of 113^2 = 12,769
  CHECK(pairs(task, Split::eval).size() == 8939);  // all others
  CHECK(pairs(Modular({}), Split::train) == train);
  CHECK(pairs(Modular({.seed = 2}), Split::train) != train);
  std::vector<double> first(113);
  std::vector<double> second(113);
  for (const auto& [a, b] : train) {
    first[static_cast<std::size_t>(a)] += 1;
    second[static_cast<std::size_t>(b)] += 1;
  }
  // 112 degrees of freedom, a mean of at most 112 and a deviation of 15; 5 deviations.
  CHECK(testing::chi_square(first) < 187);
  CHECK(testing::chi_square(second) < 187);
}

TEST_CASE("Modular is asked once, at the sign behind both operands, which it has to read") {
  const Modular task({});
  const TaskShape shape = task.shape();
  CHECK(shape.vocabulary == 114);
  CHECK(shape.classes == 114);
  CHECK(shape.length == 3);
  CHECK(shape.target_length == 1);
  CHECK(shape.predict == Prediction::last);
  CHECK(task.token_text(113) == "=");
  CHECK(task.token_text(112) == "112");
  const Example made = example(task, Split::eval, 0);
  CHECK(right_keys(task, made, 0).empty());
  CHECK(right_keys(task, made, 1).empty());
  CHECK(right_keys(task, made, 2) == Keys{0, 1});
  CHECK(task.patterns().front().block == "dec.self");
  CHECK(Modular({.block = "enc.self"}).patterns().front().block == "enc.self");
}

TEST_CASE("Modular refuses a division without inverses, and sets that do not fit") {
  CHECK(testing::message_of<ConfigError>([] { Modular({.operation = ModularOperation::divide, .p = 9}); }) ==
        "modular: not every number has an inverse; p 9; divide modulo a prime");
  CHECK(testing::message_of<ConfigError>([] { Modular({.p = 5, .train_examples = 20, .eval_examples = 6}); }) ==
        "modular: both sets take at least one pair, and together at most all; 25 pairs, 20 to train on, 6 to evaluate "
        "on");
  CHECK_THROWS_AS(Modular({.p = 1, .train_examples = 1, .eval_examples = 1}), ConfigError);
  CHECK_THROWS_AS(Modular({.train_examples = 0}), ConfigError);
  const Modular task({.p = 5, .train_examples = 20, .eval_examples = 5});
  CHECK_THROWS_AS(example(task, Split::eval, 5), ConfigError);
  CHECK_THROWS_AS(example(task, Split::eval, 0, 4), ConfigError);
}
