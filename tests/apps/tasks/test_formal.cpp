#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/drawn_task.h"
#include "apps/tasks/formal.h"
#include "core/error.h"
#include "tests/apps/tasks/drawing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using config::FormalProblem;
using Ids = std::vector<std::int32_t>;
using Keys = std::vector<std::size_t>;

namespace {

const std::map<FormalProblem, std::string> kNames = {
    {FormalProblem::kParity, "parity"},       {FormalProblem::kEvenPairs, "even_pairs"},
    {FormalProblem::kCycleNav, "cycle_nav"},  {FormalProblem::kReverseString, "reverse_string"},
    {FormalProblem::kStack, "stack"},         {FormalProblem::kBucketSort, "bucket_sort"},
    {FormalProblem::kDuplicate, "duplicate"}, {FormalProblem::kMissingDup, "missing_dup"},
    {FormalProblem::kOddsFirst, "odds_first"}};

Formal task_of(FormalProblem problem, std::size_t least = 1, std::size_t most = 40) {
  return Formal({.problem = problem, .length = {least, most, {100}}, .eval_examples = 2000});
}

/// The answer by following the definition step by step; -1 where nothing is asked.
Ids by_definition(FormalProblem problem, const Ids& x) {
  const std::size_t n = x.size();
  Ids y;
  switch (problem) {
    case FormalProblem::kParity: {
      bool odd = false;
      for (const std::int32_t bit : x) odd = odd != (bit == 1);
      return {odd ? 1 : 0};
    }
    case FormalProblem::kEvenPairs: {
      int changes = 0;
      for (std::size_t i = 1; i < n; ++i) changes += x[i] != x[i - 1] ? 1 : 0;
      return {changes % 2};
    }
    case FormalProblem::kCycleNav: {
      const std::vector<std::int32_t> next{1, 2, 3, 4, 0};
      const std::vector<std::int32_t> previous{4, 0, 1, 2, 3};
      std::int32_t place = 0;
      for (const std::int32_t step : x) {
        if (step == 2) place = next[static_cast<std::size_t>(place)];
        if (step == 0) place = previous[static_cast<std::size_t>(place)];
      }
      return {place};
    }
    case FormalProblem::kReverseString:
      for (std::size_t i = 0; i < n; ++i) y.push_back(x[n - 1 - i]);
      return y;
    case FormalProblem::kStack: {
      // A string of bits whose front is the top.
      std::string stack;
      for (const std::int32_t symbol : x) {
        if (symbol == 2) {
          stack = stack.empty() ? stack : stack.substr(1);
        } else {
          stack = (symbol % 3 == 0 ? "0" : "1") + stack;
        }
      }
      for (const char bit : stack) y.push_back(bit - '0');
      y.push_back(2);
      y.resize(n + 1, -1);
      return y;
    }
    case FormalProblem::kBucketSort:
      for (std::int32_t bucket = 0; bucket < 5; ++bucket) {
        for (const std::int32_t symbol : x) {
          if (symbol == bucket) y.push_back(symbol);
        }
      }
      return y;
    case FormalProblem::kDuplicate:
      for (std::size_t i = 0; i < 2 * n; ++i) y.push_back(x[i < n ? i : i - n]);
      return y;
    case FormalProblem::kMissingDup:
      if (n == 1) return {1};
      for (std::size_t i = 0; i < n / 2; ++i) {
        if (x[i] == 2) return {x[n / 2 + i]};
        if (x[n / 2 + i] == 2) return {x[i]};
      }
      return {-1};
    case FormalProblem::kOddsFirst:
      for (std::size_t i = 1; i < n; i += 2) y.push_back(x[i]);
      for (std::size_t i = 0; i < n; i += 2) y.push_back(x[i]);
      return y;
  }
  return y;
}

/// The string of an example, after checks of its layout; `y` becomes the answer with -1 for what does not count.
Ids string_of(const Formal& task, const Example& example, Ids& y) {
  const auto n = static_cast<std::ptrdiff_t>(example.size);
  REQUIRE(example.input.size() == example.target.size());
  CHECK(std::all_of(example.target.begin(), example.target.begin() + n,
                    [](std::int32_t target) { return target == kIgnoredTarget; }));
  CHECK(std::all_of(example.input.begin() + n, example.input.end(),
                    [&](std::int32_t id) { return task.token_text(id) == "_"; }));
  y.assign(example.target.begin() + n, example.target.end());
  std::replace(y.begin(), y.end(), kIgnoredTarget, -1);
  return {example.input.begin(), example.input.begin() + n};
}

}  // namespace

TEST_CASE("Every problem of formal is answered at the dummies, by its definition") {
  for (const auto& [problem, name] : kNames) {
    INFO(name);
    const Formal task = task_of(problem);
    const TaskShape shape = task.shape();
    std::set<std::size_t> sizes;
    for (const Split split : {Split::train, Split::eval}) {
      for (const Example& example : drawn_many(task, split, 400)) {
        Ids y;
        const Ids x = string_of(task, example, y);
        sizes.insert(x.size());
        CHECK(y == by_definition(problem, x));
        CHECK(y.size() == config::formal_answer(problem, x.size()));
        for (const std::int32_t id : x) CHECK((id >= 0 && id + 1 < static_cast<std::int32_t>(shape.vocabulary)));
        for (const std::int32_t id : y) CHECK(id < static_cast<std::int32_t>(shape.classes));
      }
    }
    // 800 draws of 40 lengths: one is missing with probability 40 (39/40)^800 < 1e-7.
    CHECK(sizes.size() == 40);
    CHECK(*sizes.begin() == 1);
    CHECK(*sizes.rbegin() == 40);
    CHECK(drawn(task, Split::eval, 0, 100).input.size() == shape.length);
    check_texts(task);
  }
}

TEST_CASE("The strings of the stack are bits and then instructions, and it follows the reference's examples") {
  const Formal task = task_of(FormalProblem::kStack, 8, 8);
  std::vector<double> bits(7);
  for (const Example& example : drawn_many(task, Split::train, 3500)) {
    const auto first = std::find_if(example.input.begin(), example.input.end(), [](auto id) { return id > 1; });
    CHECK(std::all_of(first, example.input.begin() + 8, [](auto id) { return id >= 2 && id <= 4; }));
    ++bits[static_cast<std::size_t>(first - example.input.begin() - 1)];
  }
  check_uniform(bits);
  // 0 1 1 0, push 1, pop, pop leaves 0 1 1; 1 1 0 and three pops leave nothing.
  CHECK(by_definition(FormalProblem::kStack, {0, 1, 1, 0, 4, 2, 2}) == Ids{1, 1, 0, 2, -1, -1, -1, -1});
  CHECK(by_definition(FormalProblem::kStack, {1, 1, 0, 2, 2, 2}) == Ids{2, -1, -1, -1, -1, -1, -1});
}

TEST_CASE("The missing symbol of a string that stands there twice is missing anywhere, and odd lengths are filled") {
  const Formal task = task_of(FormalProblem::kMissingDup, 9, 9);
  std::vector<double> holes(8);
  std::vector<double> answers(2);
  for (const Example& example : drawn_many(task, Split::train, 4000)) {
    const Ids x(example.input.begin(), example.input.begin() + 9);
    CHECK(x[8] == 3);
    CHECK(std::count(x.begin(), x.end(), 2) == 1);
    const auto hole = static_cast<std::size_t>(std::find(x.begin(), x.end(), 2) - x.begin());
    ++holes[hole];
    ++answers[static_cast<std::size_t>(example.target[9])];
    for (std::size_t i = 0; i < 4; ++i) {
      if (i != hole && i + 4 != hole) CHECK(x[i] == x[i + 4]);
    }
  }
  check_uniform(holes);
  check_uniform(answers);
}

TEST_CASE("Lengths and symbols of formal are uniform") {
  const Formal task = task_of(FormalProblem::kBucketSort, 1, 10);
  std::vector<double> lengths(10);
  std::vector<double> symbols(5);
  for (const Example& example : drawn_many(task, Split::train, 5000)) {
    ++lengths[example.size - 1];
    ++symbols[static_cast<std::size_t>(example.input[example.size - 1])];
  }
  check_uniform(lengths);
  check_uniform(symbols);
}

TEST_CASE("From 20 symbols on no string of formal is in both splits") {
  for (const auto& [problem, name] : kNames) {
    INFO(name);
    const Formal task = task_of(problem, 20, 21);
    CHECK(shared(drawn_many(task, Split::train, 3000), drawn_many(task, Split::eval, 1000)) == 0);
    for (std::uint64_t index = 0; index < 20; ++index) {
      for (const Split split : {Split::train, Split::eval}) {
        Example example = drawn(task, split, index, 41);
        Ids y;
        CHECK(is_held_out(string_of(task, example, y)) == (split == Split::eval));
      }
    }
  }
  const Formal trained = task_of(FormalProblem::kParity, 5, 40);
  for (const std::size_t length : {5U, 19U}) CHECK(trained.splits_share(length));
  // Shorter than all that is trained on, and of so many strings that a tenth is held out.
  for (const std::size_t length : {4U, 20U, 40U, 100U}) CHECK_FALSE(trained.splits_share(length));
  // Both splits have all of the few strings of two bits.
  const Formal shorter = task_of(FormalProblem::kParity, 2, 2);
  CHECK(inputs_of(drawn_many(shorter, Split::train, 200)).size() == 4);
  CHECK(inputs_of(drawn_many(shorter, Split::eval, 200)).size() == 4);
}

TEST_CASE("An example of formal is a pure function of seed, split and index") {
  check_determinism([](std::uint64_t train, std::uint64_t eval) {
    return Formal({.problem = FormalProblem::kBucketSort, .seeds = {train, eval}, .eval_examples = 50});
  });
}

TEST_CASE("Dummies of formal read what their answer is made of") {
  const auto at = [](FormalProblem problem, const Ids& string, std::size_t element) {
    const Formal task = task_of(problem);
    Example example{.input = string, .size = string.size()};
    example.input.resize(string.size() + config::formal_answer(problem, string.size()), 2);
    CHECK(task.patterns().at(0).block == "enc.self");
    CHECK(keys_of(task, example, 0).empty());
    return keys_of(task, example, string.size() + element);
  };
  CHECK(at(FormalProblem::kEvenPairs, {0, 1, 1, 0}, 0) == Keys{0, 3});
  CHECK(at(FormalProblem::kEvenPairs, {1}, 0) == Keys{0});
  CHECK(at(FormalProblem::kReverseString, {0, 1, 1}, 0) == Keys{2});
  CHECK(at(FormalProblem::kReverseString, {0, 1, 1}, 2) == Keys{0});
  CHECK(at(FormalProblem::kDuplicate, {0, 1, 1}, 4) == Keys{1});
  // x_2 x_4 x_1 x_3 x_5
  CHECK(at(FormalProblem::kOddsFirst, {0, 1, 1, 0, 1}, 1) == Keys{3});
  CHECK(at(FormalProblem::kOddsFirst, {0, 1, 1, 0, 1}, 2) == Keys{0});
  CHECK(at(FormalProblem::kOddsFirst, {0, 1, 1, 0, 1}, 4) == Keys{4});
  CHECK(at(FormalProblem::kMissingDup, {0, 1, 0, 2, 3}, 0) == Keys{1});
  CHECK(at(FormalProblem::kMissingDup, {2, 1, 0, 1}, 0) == Keys{2});
  CHECK(at(FormalProblem::kMissingDup, {1}, 0) == Keys{0});
  CHECK(task_of(FormalProblem::kEvenPairs).patterns()[0].name == "first_last");
  for (const FormalProblem problem : {FormalProblem::kParity, FormalProblem::kCycleNav, FormalProblem::kStack}) {
    CHECK(task_of(problem).patterns().empty());
  }
}

TEST_CASE("Formal refuses lengths that it does not have") {
  CHECK(message_of<ConfigError>([] { task_of(FormalProblem::kParity, 0, 3); }) ==
        "formal: lengths must be at least 1, and the least not more than the most; 0 to 3");
  CHECK_THROWS_AS(task_of(FormalProblem::kParity, 4, 3), ConfigError);
  CHECK_THROWS_WITH(drawn(task_of(FormalProblem::kParity), Split::eval, 0, 101),
                    Catch::StartsWith("formal: there is no example of length 101; lengths 1 to 100"));
}
