#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/induction.h"
#include "core/error.h"
#include "tests/apps/tasks/task_testing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::example;
using headlight::testing::right_keys;
using Ids = std::vector<std::int32_t>;
using Keys = std::vector<std::size_t>;

namespace {

/// Where these tokens stand in the input.
std::vector<std::size_t> occurrences(const Ids& input, const Ids& block) {
  std::vector<std::size_t> found;
  for (std::size_t t = 0; t + block.size() <= input.size(); ++t) {
    if (std::equal(block.begin(), block.end(), input.begin() + static_cast<std::ptrdiff_t>(t))) found.push_back(t);
  }
  return found;
}

/// The tokens that count, in their order.
Ids counted(const Example& made) {
  Ids tokens = made.target;
  std::erase(tokens, kIgnoredTarget);
  return tokens;
}

}  // namespace

TEST_CASE("A block stands once in each part of a sequence of induction, and its later copies count") {
  struct Case {
    std::size_t length, block, repeats;
  };
  // So many symbols that a block comes by chance nowhere else.
  for (const auto& [length, block, repeats] : {Case{85, 16, 3}, Case{52, 16, 3}, Case{20, 2, 2}, Case{33, 4, 5}}) {
    const Induction task(
        {.symbols = 1000000, .block = block, .repeats = repeats, .length = {.least = length, .most = length}});
    for (std::uint64_t index = 0; index < 50; ++index) {
      const Example made = example(task, Split::train, index);
      REQUIRE(made.input.size() == length);
      REQUIRE(made.input[0] == 0);
      REQUIRE(std::count(made.input.begin(), made.input.end(), 0) == 1);
      REQUIRE(made.target.size() == length);
      const Ids tokens = counted(made);
      REQUIRE(tokens.size() == (block - 1) * (repeats - 1));
      const Ids rest(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(block) - 1);
      const std::vector<std::size_t> seconds = occurrences(made.input, rest);
      REQUIRE(seconds.size() == repeats);
      Ids target(length, kIgnoredTarget);
      const std::size_t part = (length - 1) / repeats;
      for (std::size_t i = 0; i < repeats; ++i) {
        const std::size_t start = seconds[i] - 1;
        CHECK(made.input[start] == made.input[seconds[0] - 1]);
        CHECK(start >= 1 + i * part);
        CHECK(start + block < 1 + (i + 1) * part);
        if (i == 0) continue;
        for (std::size_t t = start + 1; t < start + block; ++t) target[t - 1] = made.input[t];
      }
      CHECK(made.target == target);
    }
  }
}

TEST_CASE("Every way to place the copies in their parts is as likely") {
  // A block of 2 in parts of 4, from 1 and from 5 on; position 9 is left over. The places are those of its second token.
  const Induction task({.symbols = 1000000, .block = 2, .repeats = 2, .length = {10, 10}});
  std::map<std::vector<std::size_t>, double> seen;
  for (std::uint64_t index = 0; index < 4000; ++index) {
    const Example made = example(task, Split::train, index);
    seen[occurrences(made.input, counted(made))] += 1;
  }
  REQUIRE(seen.size() == 4);
  // 1,000 each, with a deviation of sqrt(4000 * 1/4 * 3/4) = 27.4; 5 deviations.
  for (const std::vector<std::size_t>& seconds : {Keys{2, 6}, Keys{2, 7}, Keys{3, 6}, Keys{3, 7}}) {
    CHECK(std::abs(seen[seconds] - 1000) < 137);
  }
}

TEST_CASE("The tokens of induction are uniform, in the block and outside") {
  const Induction task({.symbols = 10, .block = 3, .repeats = 2, .length = {9, 9}});
  std::vector<double> all(10);
  std::vector<double> repeated(10);
  for (std::uint64_t index = 0; index < 5000; ++index) {
    const Example made = example(task, Split::train, index);
    // One token of each, so that the counts are of independent draws.
    all[static_cast<std::size_t>(made.input[1] - 1)] += 1;
    repeated[static_cast<std::size_t>(counted(made)[1] - 1)] += 1;
  }
  CHECK(testing::chi_square(all) < 33.7);  // 9 degrees of freedom, probability 1e-4
  CHECK(testing::chi_square(repeated) < 33.7);
}

TEST_CASE("Induction knows what stood behind the present token before") {
  const Induction task({.symbols = 9, .block = 3, .repeats = 3, .length = {13, 13}});
  const std::int32_t no = kIgnoredTarget;
  const Example made{.input = {0, 1, 2, 3, 8, 1, 2, 3, 1, 2, 3}, .target = {no, no, no, no, no, 2, 3, no, 2, 3, no}};
  const std::map<std::size_t, Keys> right = {{5, {2}}, {6, {3}}, {8, {2, 6}}, {9, {3, 7}}};
  for (std::size_t query = 0; query < 12; ++query) {
    INFO(query);
    const auto found = right.find(query);
    CHECK(right_keys(task, made, query) == (found == right.end() ? Keys{} : found->second));
    CHECK(right_keys(task, made, query, 1) == (query == 2 || query == 3 ? Keys{query - 1} : Keys{}));
  }
  // A token that stands in the block twice is followed by both successors.
  const Induction twice({.symbols = 9, .block = 3, .repeats = 2, .length = {9, 9}});
  const Example same{.input = {0, 1, 1, 2, 1, 1, 2}, .target = {no, no, no, no, 1, 2, no}};
  CHECK(right_keys(twice, same, 4) == Keys{2, 3});
  CHECK(right_keys(twice, same, 5) == Keys{2, 3, 5});
  CHECK(right_keys(twice, same, 6).empty());
  // Tokens from elsewhere have no copies that are known.
  CHECK(right_keys(twice, Example{.input = {0, 1, 1, 2, 1, 1, 2}}, 4).empty());
  REQUIRE(task.patterns().size() == 2);
  CHECK(task.patterns()[0].name == "prefix_match");
  CHECK(task.patterns()[1].name == "previous");
}

TEST_CASE("An example of induction is a pure function of seed, split, index and length") {
  const Induction task({});
  CHECK(task.shape().vocabulary == 128);
  CHECK(task.shape().classes == 128);
  CHECK(task.shape().length == 85);
  CHECK(task.token_text(127) == "127");
  CHECK(task.token_text(0) == "<bos>");
  CHECK_FALSE(task.examples(Split::train));
  const Example late = example(task, Split::train, 41);
  CHECK(example(Induction({}), Split::train, 41) == late);
  CHECK(example(task, Split::eval, 41) != late);
  CHECK(example(Induction({.train_seed = 2}), Split::train, 41) != late);
  CHECK(example(Induction({.train_seed = 2}), Split::eval, 7) == example(task, Split::eval, 7));
  const Induction longer({.length = {.least = 60, .most = 85, .asked = {120}}});
  CHECK(longer.shape().length == 120);
  const Example asked = example(longer, Split::eval, 0, 120);
  CHECK(asked.size == 120);
  CHECK(counted(asked).size() == 30);
}

TEST_CASE("The start mark of induction is put in front of what has none") {
  // Every example begins with it, so that a model has never seen an input without.
  const Induction task({.symbols = 9, .block = 2, .repeats = 2, .length = {9, 9}});
  const auto completed = [&](Ids input) {
    task.complete(input);
    return input;
  };
  CHECK(completed({3, 1, 2}) == Ids{0, 3, 1, 2});
  CHECK(completed({0, 3, 1, 2}) == Ids{0, 3, 1, 2});
  CHECK(completed({}) == Ids{0});
  const Example made = example(task, Split::eval, 0);
  CHECK(completed(Ids(made.input.begin() + 1, made.input.end())) == made.input);
}

TEST_CASE("Induction refuses copies that do not fit") {
  const std::string message =
      "induction: a start mark and 3 blocks of 16 tokens, each with one more behind it, do not fit into a sequence of "
      "51; take longer sequences, "
      "a shorter block, or fewer repeats";
  CHECK(testing::message_of<ConfigError>([] { Induction({.length = {51, 85}}); }) == message);
  CHECK(testing::message_of<ConfigError>([] { example(Induction({}), Split::eval, 0, 51); }) == message);
  CHECK_THROWS_AS(Induction({.block = 1}), ConfigError);
  CHECK_THROWS_AS(Induction({.repeats = 1}), ConfigError);
  CHECK_THROWS_AS(Induction({.symbols = 0}), ConfigError);
  CHECK_THROWS_AS(example(Induction({.eval_examples = 5}), Split::eval, 5), ConfigError);
}
